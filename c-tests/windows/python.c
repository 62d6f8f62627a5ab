/*
 * python.exe for tests under wine: runs the interpreter that a Python DLL contains. DLL is the name
 * of the DLL.
 */
#include <windows.h>

typedef int (*python_main)(int, wchar_t **);

int wmain(int argc, wchar_t **argv)
{
    HMODULE library = LoadLibraryW(DLL);
    if (library == NULL)
        return 99;
    python_main run = (python_main)(void (*)(void))GetProcAddress(library, "Py_Main");
    return run == NULL ? 98 : run(argc, argv);
}
