//! What the disk says of a path that would be deleted or overwritten.
