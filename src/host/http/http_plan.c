/*
 * What a plan has to fulfil before anybody is listened to.
 */
#include "error.h"
#include "http/http_private.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>

static bool read_pem(const char *path, const char *setting, char **ret_text, GError **error)
{
    g_autoptr(GError) reason = NULL;

    if (g_file_get_contents(path, ret_text, NULL, &reason))
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, NULL, "%s: %s", setting, reason->message);
    return false;
}

static bool is_secret(const char *path, GError **error)
{
    struct stat status;

    if (stat(path, &status) != 0 || !(status.st_mode & 07))
        return true;
    g_autofree char *hint = g_strdup_printf("chmod o= %s", path);
    runbook_error_set(error, RUNBOOK_USAGE, hint, "everybody may read the private key %s",
                      path);
    return false;
}

/* That they are what they say, and of each other. */
static bool belong_together(const char *certificate, const char *key, GError **error)
{
    char nothing[] = ""; /* the passphrase of a key that has one: nobody is there to be asked */
    BIO *certificate_bio = BIO_new_mem_buf(certificate, -1),
        *key_bio = BIO_new_mem_buf(key, -1);
    X509 *x509 = PEM_read_bio_X509(certificate_bio, NULL, NULL, nothing);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, nothing);
    const char *fault = NULL;

    if (x509 == NULL)
        fault = "http.tls_certificate names no certificate in PEM";
    else if (pkey == NULL)
        fault = "http.tls_key names no private key in PEM without a passphrase";
    else if (X509_check_private_key(x509, pkey) != 1)
        fault = "http.tls_key is not the key of http.tls_certificate";
    if (fault != NULL)
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "%s", fault);
    X509_free(x509);
    EVP_PKEY_free(pkey);
    BIO_free(certificate_bio);
    BIO_free(key_bio);
    ERR_clear_error();
    return fault == NULL;
}

bool http_plan_tls(const struct http_plan *plan, char **ret_certificate, char **ret_key,
                   GError **error)
{
    g_autofree char *certificate = NULL, *key = NULL;

    if (plan->certificate == NULL && plan->key == NULL)
        return true;
    if (plan->certificate == NULL || plan->key == NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL,
                          "http.tls_certificate and http.tls_key go together");
        return false;
    }
    if (microhttpd->is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "the installed libmicrohttpd was built without TLS");
        return false;
    }
    if (!read_pem(plan->certificate, "http.tls_certificate", &certificate, error) ||
        !is_secret(plan->key, error) || !read_pem(plan->key, "http.tls_key", &key, error) ||
        !belong_together(certificate, key, error))
        return false;
    *ret_certificate = g_steal_pointer(&certificate);
    *ret_key = g_steal_pointer(&key);
    return true;
}

/* One that has expired lets nobody in. */
static bool has_valid(const struct http_tokens *tokens)
{
    gint64 now_s = g_get_real_time() / G_USEC_PER_SEC;

    for (guint i = 0; i < http_tokens_count(tokens); i++) {
        gint64 expires_s = http_tokens_at(tokens, i)->expires_s;
        if (expires_s == 0 || expires_s > now_s)
            return true;
    }
    return false;
}

bool http_plan_check(const struct http_plan *plan, GError **error)
{
    g_autofree char *certificate = NULL, *key = NULL;
    AUTO(http_keyring) keyring = http_keyring_new(plan->tokens, NULL, NULL);
    bool local = http_listen_local(&plan->listen);

    if (plan->listen.off)
        return true;
    if (!microhttpd_library_load(error) || !http_plan_tls(plan, &certificate, &key, error))
        return false;
    const struct http_tokens *tokens = http_keyring_look(keyring, error);
    if (tokens == NULL)
        return false;
    if (local || (certificate != NULL && has_valid(tokens)))
        return true;
    g_autofree char *where = http_listen_format(&plan->listen);
    if (certificate == NULL)
        runbook_error_set(error, RUNBOOK_USAGE,
                          "set http.tls_certificate and http.tls_key, or listen on 127.0.0.1 "
                          "behind a proxy, with http.view = token",
                          "http.listen: %s is reached by the network, and there is no TLS",
                          where);
    else
        runbook_error_set(error, RUNBOOK_USAGE, "pgrunbook token add NAME",
                          "http.listen: %s is reached by the network, and there is no token "
                          "that is valid",
                          where);
    return false;
}

static bool has_expired(const char *certificate)
{
    BIO *bio = BIO_new_mem_buf(certificate, -1);
    X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    bool expired = x509 != NULL && X509_cmp_current_time(X509_get0_notAfter(x509)) < 0;

    X509_free(x509);
    BIO_free(bio);
    return expired;
}

void http_plan_warn(const struct http_plan *plan, const char *certificate,
                    struct http_keyring *keyring)
{
    const struct http_tokens *tokens = http_keyring_look(keyring, NULL);
    bool open = plan->open && http_listen_local(&plan->listen);

    if (plan->warn == NULL)
        return;
    if (certificate != NULL && has_expired(certificate))
        plan->warn("the certificate of http.tls_certificate has expired", plan->data);
    if (!open && tokens != NULL && !has_valid(tokens))
        plan->warn("nobody may look: a token is needed, and there is none; pgrunbook token add "
                   "NAME",
                   plan->data);
}
