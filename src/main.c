#include "cli/cli.h"
#include "interrupt.h"

#include <locale.h>

int main(int argc, char **argv)
{
    interrupt_install();
    setlocale(LC_ALL, "");
    /* Numbers in SQL and JSON have a point in every country. */
    setlocale(LC_NUMERIC, "C");
    return cli_main(argc, argv);
}
