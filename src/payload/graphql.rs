//! GraphQL documents: which mutations a request would run.
