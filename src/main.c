#include "cli/cli.h"
#include "interrupt.h"

#include <locale.h>
#include <sys/prctl.h>

int main(int argc, char **argv)
{
    /* Children of the daemon are started as /proc/self/exe. */
    prctl(PR_SET_NAME, "pgrunbook");
    interrupt_install();
    setlocale(LC_ALL, "");
    /* Numbers in SQL and JSON have a point in every country. */
    setlocale(LC_NUMERIC, "C");
    return cli_main(argc, argv);
}
