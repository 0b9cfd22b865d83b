#include "rehearse/trace_private.h"

static void check_word(const char *statement, enum trace_word expected)
{
    g_assert_cmpint(trace_word_of(statement), ==, expected);
}

static void test_words(void)
{
    check_word("BEGIN", TRACE_WORD_BEGIN);
    check_word("-- so\n/* and so */ start transaction isolation level serializable",
               TRACE_WORD_BEGIN);
    check_word("COMMIT", TRACE_WORD_END);
    check_word("end work", TRACE_WORD_END);
    check_word("ROLLBACK TO SAVEPOINT a", TRACE_WORD_OTHER);
    check_word("rollback work to a", TRACE_WORD_OTHER);
    check_word("COMMIT PREPARED 'a'", TRACE_WORD_OTHER);
    check_word("SET lock_timeout = '1s'", TRACE_WORD_SET);
    check_word("SETTLE", TRACE_WORD_OTHER);
    check_word("beginning", TRACE_WORD_OTHER);
    check_word("", TRACE_WORD_OTHER);
    check_word("/* without an end", TRACE_WORD_OTHER);
}

static struct trace_lock *add(GPtrArray *statements, double seconds, enum ddl_lock_mode mode)
{
    struct trace_statement *statement = trace_statement_new(statements->len);
    struct trace_lock *lock = g_new0(struct trace_lock, 1);

    statement->seconds = seconds;
    lock->mode = mode;
    lock->new_here = true;
    g_ptr_array_add(statement->locks, lock);
    g_ptr_array_add(statements, statement);
    return lock;
}

static void free_statement(gpointer data)
{
    struct trace_statement *statement = data;

    g_ptr_array_unref(statement->locks);
    g_free(statement);
}

/* Until the end of the transaction, its COMMIT included; an earlier transaction's are left. */
static void test_hold(void)
{
    g_autoptr(GPtrArray) statements = g_ptr_array_new_with_free_func(free_statement);
    struct trace_lock *before = add(statements, 9, DDL_ACCESS_EXCLUSIVE);
    struct trace_lock *weak = add(statements, 1, DDL_ROW_EXCLUSIVE);
    struct trace_lock *strong = add(statements, 2, DDL_SHARE);
    struct trace_lock *last = add(statements, 0.5, DDL_ACCESS_EXCLUSIVE);
    double longest_ms = trace_hold(statements, 1, 0.25);

    g_assert_cmpfloat(before->held_ms, ==, 0);
    g_assert_cmpfloat(weak->held_ms, ==, 3750);
    g_assert_cmpfloat(strong->held_ms, ==, 2750);
    g_assert_cmpfloat(last->held_ms, ==, 750);
    g_assert_cmpfloat(longest_ms, ==, 2750);
}

int main(int count, char **arguments)
{
    g_test_init(&count, &arguments, NULL);
    g_test_add_func("/migrations/trace/words", test_words);
    g_test_add_func("/migrations/trace/hold", test_hold);
    return g_test_run();
}
