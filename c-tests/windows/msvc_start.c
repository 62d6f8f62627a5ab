/* The entry point of msvc.c: the start-up code of Microsoft's compiler is not available here. */
int main(void);
__declspec(dllimport) __declspec(noreturn) void exit(int code);

void start(void)
{
    exit(main());
}
