/* SPDX-License-Identifier: EUPL-1.2
 * PDF: its pages, without who made them, without what runs by itself or hides inside. Refused is what could not be shown then. */
#include "media.h"

#include <qpdf/qpdf-c.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define DEPTH_MAX 100    /* of arrays and dictionaries inside each other */
#define OBJECTS_MAX 1000000

/* What no page needs, wherever it stands (ISO 32000-1: 14.3.2, 14.5, 7.11.4, 14.13). */
static const char *const SUPERFLUOUS[] = {"/Metadata", "/PieceInfo", "/LastModified", "/EmbeddedFiles", "/JavaScript"};

/* In the catalogue: what happens when it is opened, closed, printed (7.7.2), and files that belong to it. */
static const char *const CATALOGUE[] = {"/OpenAction", "/AA", "/AF", "/Collection"};

/* What actions need (12.6.4) to run a script, another program, or to send what was typed somewhere. */
static const struct {
    const char *kind;
    const char *key;
} ACTIONS[] = {
    {"/JavaScript", "/JS"}, {"/Rendition", "/JS"},    {"/Launch", "/F"},     {"/Launch", "/Win"}, {"/Launch", "/Mac"},
    {"/Launch", "/Unix"},   {"/ImportData", "/F"},    {"/SubmitForm", "/F"}, {"/GoToE", "/T"},    {"/GoToE", "/F"},
};

struct names {
    char **items;
    size_t count;
    bool failed;
};

/* A document knows one walk through a dictionary at a time: names are noted first. */
static struct names names_of(qpdf_data pdf, qpdf_oh dictionary)
{
    struct names names = {NULL, 0, false};
    qpdf_oh_begin_dict_key_iter(pdf, dictionary);
    while (!names.failed && qpdf_oh_dict_more_keys(pdf)) {
        char **more = realloc(names.items, (names.count + 1) * sizeof *more);
        if (more)
            names.items = more;
        char *name = more ? strdup(qpdf_oh_dict_next_key(pdf)) : NULL;
        if (name)
            names.items[names.count++] = name;
        names.failed = !name;
    }
    return names;
}

static void names_release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

static void dictionary_clean(qpdf_data pdf, qpdf_oh dictionary)
{
    for (size_t i = 0; i < sizeof SUPERFLUOUS / sizeof *SUPERFLUOUS; i++)
        qpdf_oh_remove_key(pdf, dictionary, SUPERFLUOUS[i]);
    /* resources have free names (a font may be called EF): files are told by their own */
    if (qpdf_oh_has_key(pdf, dictionary, "/F") || qpdf_oh_has_key(pdf, dictionary, "/UF"))
        qpdf_oh_remove_key(pdf, dictionary, "/EF");
    if (qpdf_oh_is_name_and_equals(pdf, qpdf_oh_get_key(pdf, dictionary, "/Subtype"), "/FileAttachment"))
        qpdf_oh_remove_key(pdf, dictionary, "/FS");
    const qpdf_oh kind = qpdf_oh_get_key(pdf, dictionary, "/S");
    for (size_t i = 0; i < sizeof ACTIONS / sizeof *ACTIONS; i++)
        if (qpdf_oh_is_name_and_equals(pdf, kind, ACTIONS[i].kind))
            qpdf_oh_remove_key(pdf, dictionary, ACTIONS[i].key);
}

static bool value_clean(qpdf_data pdf, qpdf_oh value, int depth);

static bool members_clean(qpdf_data pdf, qpdf_oh dictionary, int depth)
{
    dictionary_clean(pdf, dictionary);
    struct names names = names_of(pdf, dictionary);
    bool done = !names.failed;
    for (size_t i = 0; done && i < names.count; i++)
        done = value_clean(pdf, qpdf_oh_get_key(pdf, dictionary, names.items[i]), depth + 1);
    names_release(&names);
    return done;
}

static bool items_clean(qpdf_data pdf, qpdf_oh array, int depth)
{
    const int count = qpdf_oh_get_array_n_items(pdf, array);
    bool done = true;
    for (int i = 0; done && i < count; i++) {
        const qpdf_oh item = qpdf_oh_get_array_item(pdf, array, i);
        done = value_clean(pdf, item, depth + 1);
        qpdf_oh_release(pdf, item);
    }
    return done;
}

/* A value and what stands in it; objects of their own (depth above 0) come by their numbers. */
static bool value_clean(qpdf_data pdf, qpdf_oh value, int depth)
{
    if (depth > DEPTH_MAX)
        return false;
    if (depth > 0 && qpdf_oh_is_indirect(pdf, value))
        return true;
    if (qpdf_oh_is_stream(pdf, value))
        return members_clean(pdf, qpdf_oh_get_dict(pdf, value), depth);
    if (qpdf_oh_is_dictionary(pdf, value))
        return members_clean(pdf, value, depth);
    return !qpdf_oh_is_array(pdf, value) || items_clean(pdf, value, depth);
}

static bool objects_clean(qpdf_data pdf)
{
    const long long size = qpdf_oh_get_int_value(pdf, qpdf_oh_get_key(pdf, qpdf_get_trailer(pdf), "/Size"));
    bool done = size > 0 && size <= OBJECTS_MAX;
    for (int i = 1; done && i < size; i++) {
        done = value_clean(pdf, qpdf_get_object_by_id(pdf, i, 0), 0);
        qpdf_oh_release_all(pdf);
    }
    const qpdf_oh root = qpdf_get_root(pdf);
    for (size_t i = 0; i < sizeof CATALOGUE / sizeof *CATALOGUE; i++)
        qpdf_oh_remove_key(pdf, root, CATALOGUE[i]);
    return done;
}

/* NULL: *code says why. */
static qpdf_data pdf_read(struct media_input input, const char **code)
{
    qpdf_data pdf = qpdf_init();
    *code = pdf ? NULL : "media_damaged";
    if (!pdf)
        return NULL;
    qpdf_silence_errors(pdf);
    qpdf_set_suppress_warnings(pdf, QPDF_TRUE);
    qpdf_set_attempt_recovery(pdf, QPDF_FALSE); /* a guess at what a damaged file was may lack pages */
    if ((qpdf_read_memory(pdf, "upload", (const char *)input.bytes, input.length, NULL) & QPDF_ERRORS) != 0) {
        *code = qpdf_get_error_code(pdf, qpdf_get_error(pdf)) == qpdf_e_password ? "media_encrypted" : "media_damaged";
        qpdf_cleanup(&pdf);
    }
    return pdf;
}

/* Writes what the catalogue leads to, numbered from 1, streams as they are. The same input gives the same bytes. */
static bool pdf_write(qpdf_data pdf, struct buffer *out)
{
    qpdf_oh_remove_key(pdf, qpdf_get_trailer(pdf), "/Info");
    if ((qpdf_init_write_memory(pdf) & QPDF_ERRORS) != 0)
        return false;
    qpdf_set_stream_data_mode(pdf, qpdf_s_preserve);
    qpdf_set_decode_level(pdf, qpdf_dl_none);
    qpdf_set_deterministic_ID(pdf, QPDF_TRUE);
    if ((qpdf_write(pdf) & QPDF_ERRORS) != 0)
        return false;
    buffer_append(out, (const char *)qpdf_get_buffer(pdf), qpdf_get_buffer_length(pdf));
    return !buffer_failed(out);
}

static const char *pdf_refusal(qpdf_data pdf)
{
    if (qpdf_is_encrypted(pdf))
        return "media_encrypted";
    if (qpdf_get_num_pages(pdf) < 1)
        return "media_damaged";
    const qpdf_oh form = qpdf_oh_get_key(pdf, qpdf_get_root(pdf), "/AcroForm");
    return qpdf_oh_is_dictionary(pdf, form) && qpdf_oh_has_key(pdf, form, "/XFA") ? "media_dynamic_form" : NULL;
}

/* Written twice: the first gives every object that is left a number of its own, by which the second round finds them all. */
bool media_clean_pdf(struct media_input input, struct media_output *output, struct media_fault *fault)
{
    struct buffer numbered;
    buffer_init(&numbered);
    const char *code;
    qpdf_data first = pdf_read(input, &code), second = NULL;
    if (first)
        code = pdf_refusal(first);
    if (!code && !pdf_write(first, &numbered))
        code = "media_damaged";
    if (first)
        qpdf_cleanup(&first);
    if (!code)
        second = pdf_read((struct media_input){(const unsigned char *)numbered.bytes, numbered.length}, &code);
    const bool done = second && objects_clean(second) && pdf_write(second, &output->bytes);
    if (second)
        qpdf_cleanup(&second);
    buffer_release(&numbered);
    return done || media_refuse(fault, code ? code : "media_damaged", NULL);
}
