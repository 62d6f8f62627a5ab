/*
 * usage: hold.exe FILE     opens a file without sharing it, prints a line, and keeps it open until its input ends.
 */
#include <windows.h>

#include <stdio.h>

int main(int count, char **words)
{
    HANDLE file = count == 2 ? CreateFileA(words[1], GENERIC_READ, 0, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL)
                             : INVALID_HANDLE_VALUE;
    if (file == INVALID_HANDLE_VALUE)
        return 1;
    puts("held");
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    CloseHandle(file);
    return 0;
}
