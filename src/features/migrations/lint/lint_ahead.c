#include "lint/lint_ahead.h"

#include "lint/lint_memo.h"

#include <pthread.h>

/* A thread is worth its while for so many statements; and so far it goes ahead, or the
 * trees of a whole script would be in memory at once. */
enum { WORTH = 200, AHEAD = 256 };

/* In a script of fewer statements hardly one is like another but for its constants. */
enum { ALIKE = 50 };

enum state { OPEN, AT_WORK, DONE };

struct slot {
    const char *text;
    gsize length;
    bool alike; /* of a long script */
    enum state state;
    struct sql_parse *parse; /* NULL when DONE: left out, or taken */
};

struct lint_ahead {
    GThread *thread;      /* NULL: a short script */
    pthread_mutex_t lock; /* not GLib's: the thread sanitizer knows this one */
    pthread_cond_t changed;
    struct slot *slots; /* one for each statement */
    guint count;
    guint next;   /* what is parsed next */
    guint wanted; /* what is asked for next: all before is over */
    bool stop;
    struct lint_memo *memo; /* of the first thread, for shapes alone */
};

static struct sql_parse *parse_one(const struct lint_ahead *ahead, guint number)
{
    return sql_parse_new(ahead->slots[number].text, ahead->slots[number].length);
}

/* What is left to the memo, which most often knows it. */
static bool is_passed_over(const struct lint_ahead *ahead, struct lint_memo *memo, guint number)
{
    const struct slot *slot = &ahead->slots[number];

    return slot->alike && lint_memo_shape(memo, slot->text, slot->length) != NULL;
}

static void settle(struct slot *slot, enum state state, struct sql_parse *parse)
{
    slot->state = state;
    slot->parse = parse;
}

/* The next one that nobody has begun; false: there is nothing to do any more. With the lock. */
static bool claim(struct lint_ahead *ahead, guint *ret_number)
{
    while (!ahead->stop) {
        ahead->next = MAX(ahead->next, ahead->wanted);
        if (ahead->next >= ahead->count)
            return false;
        if (ahead->next < ahead->wanted + AHEAD && ahead->slots[ahead->next].state == OPEN) {
            *ret_number = ahead->next++;
            ahead->slots[*ret_number].state = AT_WORK;
            return true;
        }
        if (ahead->next < ahead->wanted + AHEAD)
            ahead->next++;
        else
            pthread_cond_wait(&ahead->changed, &ahead->lock);
    }
    return false;
}

static gpointer go_ahead(gpointer data)
{
    struct lint_ahead *ahead = data;
    AUTO(lint_memo) memo = lint_memo_new();
    guint number;

    pthread_mutex_lock(&ahead->lock);
    while (claim(ahead, &number)) {
        pthread_mutex_unlock(&ahead->lock);
        bool over = is_passed_over(ahead, memo, number);
        struct sql_parse *parse = over ? NULL : parse_one(ahead, number);
        pthread_mutex_lock(&ahead->lock);
        settle(&ahead->slots[number], over ? OPEN : DONE, parse);
        pthread_cond_broadcast(&ahead->changed);
    }
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

static void add_slots(struct lint_ahead *ahead, const struct sql_script *script)
{
    for (guint i = 0; i < script->statements->len; i++) {
        const struct sql_statement *statement =
            &g_array_index(script->statements, struct sql_statement, i);
        ahead->slots[ahead->count++] = (struct slot){.text = script->text + statement->start,
                                                     .length = statement->length,
                                                     .alike = script->statements->len >= ALIKE};
    }
}

struct lint_ahead *lint_ahead_new(const GPtrArray *scripts)
{
    struct lint_ahead *ahead = g_new0(struct lint_ahead, 1);
    guint total = 0;

    for (guint i = 0; i < scripts->len; i++)
        total += ((const struct sql_script *) scripts->pdata[i])->statements->len;
    ahead->slots = g_new0(struct slot, total + 1);
    for (guint i = 0; i < scripts->len; i++)
        add_slots(ahead, scripts->pdata[i]);
    if (total < WORTH)
        return ahead;
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->changed, NULL);
    ahead->memo = lint_memo_new();
    ahead->thread = g_thread_new("parser", go_ahead, ahead);
    return ahead;
}

void lint_ahead_free(struct lint_ahead *ahead)
{
    if (ahead == NULL)
        return;
    if (ahead->thread != NULL) {
        pthread_mutex_lock(&ahead->lock);
        ahead->stop = true;
        pthread_cond_broadcast(&ahead->changed);
        pthread_mutex_unlock(&ahead->lock);
        g_thread_join(ahead->thread);
        for (guint i = 0; i < ahead->count; i++)
            if (ahead->slots[i].parse != NULL)
                sql_parse_free(ahead->slots[i].parse);
        pthread_mutex_destroy(&ahead->lock);
        pthread_cond_destroy(&ahead->changed);
    }
    lint_memo_free(ahead->memo);
    g_free(ahead->slots);
    g_free(ahead);
}

/* While the other thread has the wanted one in hand there is another one to parse; with the
 * lock. */
static void help(struct lint_ahead *ahead, guint number)
{
    guint other = number + 1, last = MIN(number + AHEAD, ahead->count);

    while (other < last &&
           (ahead->slots[other].state != OPEN || is_passed_over(ahead, ahead->memo, other)))
        other++;
    if (other >= last) {
        pthread_cond_wait(&ahead->changed, &ahead->lock);
        return;
    }
    ahead->slots[other].state = AT_WORK;
    pthread_mutex_unlock(&ahead->lock);
    struct sql_parse *parse = parse_one(ahead, other);
    pthread_mutex_lock(&ahead->lock);
    settle(&ahead->slots[other], DONE, parse);
}

struct sql_parse *lint_ahead_take(struct lint_ahead *ahead, guint number)
{
    if (ahead->thread == NULL)
        return parse_one(ahead, number);
    pthread_mutex_lock(&ahead->lock);
    ahead->wanted = number;
    pthread_cond_broadcast(&ahead->changed);
    while (ahead->slots[number].state == AT_WORK)
        help(ahead, number);
    struct sql_parse *parse = ahead->slots[number].parse;
    settle(&ahead->slots[number], DONE, NULL);
    pthread_mutex_unlock(&ahead->lock);
    return parse != NULL ? parse : parse_one(ahead, number);
}
