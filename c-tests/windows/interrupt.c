/* Starts a program. When that has written its first line, sends Ctrl-C to all programs of the console, as its window
   does, but ignores it itself. Passes on the program's output, and ends with its code.
   usage: interrupt PROGRAM ARGUMENT... */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Quotes an argument without quotation marks in it, such as a path or an option. */
static void append(char *line, size_t room, const char *word)
{
    size_t used = strlen(line);
    snprintf(line + used, room - used, "%s\"%s\"", used ? " " : "", word);
}

int main(int count, char **words)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOA start = {0};
    PROCESS_INFORMATION child;
    HANDLE from, to;
    char line[4096] = "", bytes[4096];
    DWORD got, code = 99;
    int i, is_sent = 0;
    for (i = 1; i < count; i++)
        append(line, sizeof line, words[i]);
    if (!GetConsoleWindow())
        AllocConsole();
    if (!CreatePipe(&from, &to, &inherited, 0) || !SetHandleInformation(from, HANDLE_FLAG_INHERIT, 0))
        return 98;
    start.cb = sizeof start;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    start.hStdOutput = to;
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child)) {
        fprintf(stderr, "CreateProcess: %lu\n", GetLastError());
        return 97;
    }
    CloseHandle(to);
    SetConsoleCtrlHandler(NULL, TRUE);
    while (ReadFile(from, bytes, sizeof bytes, &got, NULL) && got > 0) {
        fwrite(bytes, 1, got, stdout);
        if (!is_sent && !GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0)) {
            fprintf(stderr, "GenerateConsoleCtrlEvent: %lu\n", GetLastError());
            TerminateProcess(child.hProcess, 96);
        }
        is_sent = 1;
    }
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
    return (int)code;
}
