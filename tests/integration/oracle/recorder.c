/* Stands in for every program that a script may start: writes its argv down and then becomes the
 * real program, if there is one. Each name on PATH is a link to it.
 *
 * The file `record`, in the nearest directory above, takes the calls; `real/NAME` beside it is the
 * real program. A call is the number of its words, the name it was found by, and its words, each
 * with a NUL behind it, in one write: stages of a pipeline run at the same time. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char directory[4096], path[5000];
    ssize_t length = readlink("/proc/self/exe", directory, sizeof directory - 1);
    if (length < 0)
        return 99;
    directory[length] = 0;
    char *name = strdup(strrchr(directory, '/') + 1);

    int record = -1;
    for (char *slash; record < 0 && (slash = strrchr(directory, '/'));) {
        *slash = 0;
        snprintf(path, sizeof path, "%s/record", directory);
        record = open(path, O_WRONLY | O_APPEND);
    }
    if (record < 0)
        return 99;

    size_t size = 32 + strlen(name);
    for (int i = 0; i < argc; i++)
        size += strlen(argv[i]) + 1;
    char *call = malloc(size), *end = call;
    end += sprintf(end, "%d", argc) + 1;
    end = stpcpy(end, name) + 1;
    for (int i = 0; i < argc; i++)
        end = stpcpy(end, argv[i]) + 1;
    if (write(record, call, end - call) != end - call)
        return 99;
    close(record);

    snprintf(path, sizeof path, "%s/real/%s", directory, name);
    execv(path, argv);
    return 0;
}
