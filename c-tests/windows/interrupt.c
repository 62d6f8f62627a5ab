/* Starts a program. When that has written so many lines, causes an event of the console, as its keys and its window
   do, but ignores it itself. Passes on the program's output, and ends with its code.
   usage: interrupt c|break|close LINES PROGRAM ARGUMENT... */
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

/* Calls a program's handlers as the system does: by a thread that begins in CtrlRoutine, which is at the same address
   in all programs. */
static BOOL call_handlers(HANDLE program, DWORD event)
{
    FARPROC routine = GetProcAddress(GetModuleHandleA("kernelbase.dll"), "CtrlRoutine");
    LPTHREAD_START_ROUTINE begin;
    HANDLE thread;
    if (routine == NULL)
        return FALSE;
    memcpy(&begin, &routine, sizeof begin);
    thread = CreateRemoteThread(program, NULL, 0, begin, (void *)(UINT_PTR)event, 0, NULL);
    return thread != NULL && CloseHandle(thread);
}

/* Only Ctrl-C can be sent to a console under wine. */
static BOOL send_event(const char *event, HANDLE program)
{
    if (strcmp(event, "c") == 0)
        return GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
    return call_handlers(program, strcmp(event, "break") == 0 ? CTRL_BREAK_EVENT : CTRL_CLOSE_EVENT);
}

int main(int count, char **words)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOA start = {0};
    PROCESS_INFORMATION child;
    HANDLE from, to;
    char line[4096] = "", bytes[4096];
    DWORD got, i, code = 99;
    int word, lines;
    if (count < 4)
        return 95;
    lines = atoi(words[2]);
    for (word = 3; word < count; word++)
        append(line, sizeof line, words[word]);
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
        fflush(stdout);
        for (i = 0; i < got; i++) {
            if (bytes[i] == '\n' && --lines == 0 && !send_event(words[1], child.hProcess)) {
                fprintf(stderr, "the event: %lu\n", GetLastError());
                TerminateProcess(child.hProcess, 96);
            }
        }
    }
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
    return (int)code;
}
