#include "notify/sendmail.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_S = 30, OUTPUT_BYTES = 4096 };

struct sendmail {
    GPid pid;
    int ended_fd; /* a pidfd */
    int output;
    gint64 deadline_us;
    bool ended, killed;
    int status; /* as waitpid() tells */
};

/* Between fork and exec. With us it goes as well. */
static void in_child(gpointer parent)
{
    setsid();
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != GPOINTER_TO_INT(parent))
        raise(SIGTERM);
}

/* A file that is nowhere: the program reads it when it likes, and nobody waits for it. Local
 * programs want the line ends of this system. */
static int letter_of(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
    g_autofree char *local = g_strjoinv("\n", lines);
    int file = memfd_create("mail", MFD_CLOEXEC);
    gsize length = strlen(local);

    if (file >= 0 &&
        (write(file, local, length) != (ssize_t) length || lseek(file, 0, SEEK_SET))) {
        close(file);
        return -1;
    }
    return file;
}

static bool set_errno(GError **error, const char *what)
{
    int number = errno;

    g_set_error(error, G_FILE_ERROR, (gint) g_file_error_from_errno(number), "%s: %s", what,
                g_strerror(number));
    return false;
}

static bool spawn(struct sendmail *sendmail, const char *program, const char *text,
                  GError **error)
{
    const char *arguments[] = {program, "-t", "-i", NULL};
    int letter = letter_of(text), output[2];

    if (letter < 0)
        return set_errno(error, "cannot hold the mail");
    if (!g_unix_open_pipe(output, FD_CLOEXEC, error)) {
        close(letter);
        return false;
    }
    bool started = g_spawn_async_with_pipes_and_fds(
        NULL, arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, in_child,
        GINT_TO_POINTER(getpid()), letter, output[1], output[1], NULL, NULL, 0, &sendmail->pid,
        NULL, NULL, NULL, error);
    close(letter);
    close(output[1]);
    sendmail->output = output[0];
    sendmail->ended = !started;
    g_unix_set_fd_nonblocking(output[0], TRUE, NULL);
    return started;
}

struct sendmail *sendmail_start(const char *program, const char *text, GError **error)
{
    struct sendmail *sendmail = g_new0(struct sendmail, 1);

    *sendmail = (struct sendmail){
        .ended_fd = -1,
        .output = -1,
        .deadline_us = g_get_monotonic_time() + PATIENCE_S * G_USEC_PER_SEC,
        .ended = true,
    };
    bool started = spawn(sendmail, program, text, error);
    if (started)
        sendmail->ended_fd = pidfd_open(sendmail->pid, 0);
    if (started && sendmail->ended_fd < 0)
        started = set_errno(error, "cannot wait for the mail program");
    if (started)
        return sendmail;
    sendmail_free(sendmail);
    return NULL;
}

void sendmail_free(struct sendmail *sendmail)
{
    if (!sendmail->ended) {
        kill(-sendmail->pid, SIGKILL);
        waitpid(sendmail->pid, &sendmail->status, 0);
    }
    if (sendmail->ended_fd >= 0)
        close(sendmail->ended_fd);
    if (sendmail->output >= 0)
        close(sendmail->output);
    g_free(sendmail);
}

int sendmail_fd(const struct sendmail *sendmail)
{
    return sendmail->ended_fd;
}

gint64 sendmail_deadline_us(const struct sendmail *sendmail)
{
    return sendmail->deadline_us;
}

bool sendmail_ended(struct sendmail *sendmail, int *ret_code)
{
    if (!sendmail->ended && g_get_monotonic_time() >= sendmail->deadline_us) {
        kill(-sendmail->pid, SIGKILL);
        sendmail->killed = true;
        waitpid(sendmail->pid, &sendmail->status, 0);
        sendmail->ended = true;
    }
    if (!sendmail->ended && waitpid(sendmail->pid, &sendmail->status, WNOHANG) == sendmail->pid)
        sendmail->ended = true;
    if (sendmail->ended)
        *ret_code = WIFEXITED(sendmail->status) ? WEXITSTATUS(sendmail->status) : -1;
    return sendmail->ended;
}

char *sendmail_words(struct sendmail *sendmail)
{
    char said[OUTPUT_BYTES];
    ssize_t got = read(sendmail->output, said, sizeof said);
    g_autofree char *valid = g_utf8_make_valid(said, MAX(got, 0));

    g_strstrip(g_strdelimit(valid, "\r\n\t", ' '));
    if (sendmail->killed)
        return g_strdup_printf("the mail program did not end within %d s", PATIENCE_S);
    if (WIFSIGNALED(sendmail->status))
        return g_strdup_printf("the mail program was ended by signal %d (%s)",
                               WTERMSIG(sendmail->status),
                               g_strsignal(WTERMSIG(sendmail->status)));
    return g_strdup_printf("the mail program ended with exit code %d%s%s",
                           WEXITSTATUS(sendmail->status), valid[0] != '\0' ? ": " : "", valid);
}
