/* SPDX-License-Identifier: EUPL-1.2
 * This process as the kernel sees it, by the names that Prometheus' own libraries use. */
#include "figures.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "banned.h"

static void gauge(struct buffer *out, const char *name, const char *type, const char *help, double value)
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type, name, value);
}

/* Bytes: of addresses, and in memory. */
static bool memory_read(unsigned long long *virtual, unsigned long long *resident)
{
    const long page = sysconf(_SC_PAGESIZE);
    FILE *file = fopen("/proc/self/statm", "re");
    const bool read = file && fscanf(file, "%llu %llu", virtual, resident) == 2;
    if (file)
        fclose(file);
    *virtual *= (unsigned long long)page;
    *resident *= (unsigned long long)page;
    return read;
}

/* Seconds since 1970: the machine's start and how long after it this process began, in ticks, the 22nd field of its stat. */
static bool start_read(double *start)
{
    char text[1024];
    unsigned long long ticks = 0;
    struct timespec up, now;
    FILE *file = fopen("/proc/self/stat", "re");
    const size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[length] = '\0';
    const char *field = strrchr(text, ')'); /* the name of the program may hold blanks */
    for (int i = 2; field && i < 22; i++)
        field = strchr(field + 1, ' ');
    if (!field || sscanf(field, "%llu", &ticks) != 1)
        return false;
    clock_gettime(CLOCK_BOOTTIME, &up);
    clock_gettime(CLOCK_REALTIME, &now);
    *start = (double)now.tv_sec - (double)up.tv_sec + (double)(now.tv_nsec - up.tv_nsec) / 1e9 + (double)ticks / (double)sysconf(_SC_CLK_TCK);
    return true;
}

static int files_open(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count > 3 ? count - 3 : 0; /* . and .. and the folder itself */
}

void process_write(struct buffer *out)
{
    unsigned long long virtual = 0, resident = 0;
    double start = 0;
    struct rusage used;
    struct rlimit files;
    if (getrusage(RUSAGE_SELF, &used) == 0)
        gauge(out, "process_cpu_seconds_total", "counter", "Processor time used.",
              (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    if (memory_read(&virtual, &resident)) {
        gauge(out, "process_virtual_memory_bytes", "gauge", "Size of the address space.", (double)virtual);
        gauge(out, "process_resident_memory_bytes", "gauge", "Memory used.", (double)resident);
    }
    gauge(out, "process_open_fds", "gauge", "Open files and connections.", files_open());
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        gauge(out, "process_max_fds", "gauge", "How many there may be.", (double)files.rlim_cur);
    if (start_read(&start))
        gauge(out, "process_start_time_seconds", "gauge", "When the process began, in seconds since 1970.", start);
}
