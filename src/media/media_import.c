/* SPDX-License-Identifier: EUPL-1.2
 * Media from their folder into rows: the bytes as they are served, which uploading would leave as they are, and what is said of them. */
#include "content_file.h"
#include "database.h"
#include "import.h"
#include "media.h"
#include "problem.h"
#include "sql_type.h"
#include "vocabulary.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

enum { NAME_LENGTH = 2 * crypto_hash_sha256_BYTES };

/* As import_content() does, and first: in the order in which editors take them, so that nobody waits for each other. */
static const char LOCK[] = "LOCK TABLE content, media IN EXCLUSIVE MODE";

static const char KNOWN[] = "SELECT m.type FROM media m WHERE m.hash = $1";
static const char MEDIA[] = "SELECT import_media($1, $2, $3, $4, $5, $6)";

struct piece {
    const char *hash;
    const char *type;
    const char *path; /* of the bytes */
    const char *note; /* path of what is said of them */
    const struct node *root; /* what the note says */
};

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool fault_tell(struct import *import, const char *path, const struct media_fault *fault)
{
    const struct fault told = {.pointer = "", .code = fault->code, .limit = fault->limit};
    return fault->code ? import_fault(import, path, 0, &told) : import_refuse(path, 0, "out of memory");
}

/* The bytes of a file that may be served, in the arena; NULL after saying why. */
static unsigned char *bytes_read(const char *path, struct arena *arena, size_t *length)
{
    FILE *file = fopen(path, "re");
    unsigned char *bytes = file ? arena_alloc(arena, MEDIA_BYTES_MAX + 1) : NULL;
    *length = bytes ? fread(bytes, 1, MEDIA_BYTES_MAX + 1, file) : 0;
    const bool failed = !bytes || ferror(file);
    if (failed)
        import_refuse(path, 0, "%s", strerror(file && !bytes ? ENOMEM : errno));
    else if (*length > MEDIA_BYTES_MAX)
        import_refuse(path, 0, "has more than %d bytes", MEDIA_BYTES_MAX);
    if (file)
        fclose(file);
    return !failed && *length <= MEDIA_BYTES_MAX ? bytes : NULL;
}

static bool hash_fits(const struct piece *piece, struct media_input input)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char name[NAME_LENGTH + 1];
    crypto_hash_sha256(hash, input.bytes, input.length);
    sodium_bin2hex(name, sizeof name, hash, sizeof hash);
    return strcmp(name, piece->hash) == 0 || import_refuse(piece->path, 0, "holds other bytes than its name says: their SHA-256 is %s", name);
}

/* Whether uploading would serve these very bytes. */
static bool bytes_clean(struct import *import, const struct piece *piece, struct media_input input, struct media_output *output)
{
    struct media_fault fault = {NULL, NULL};
    buffer_init(&output->bytes);
    if (!media_clean(piece->type, input, output, &fault))
        return fault_tell(import, piece->path, &fault);
    if (buffer_failed(&output->bytes))
        return import_refuse(piece->path, 0, "out of memory");
    return (output->bytes.length == input.length && memcmp(output->bytes.bytes, input.bytes, input.length) == 0) ||
           import_refuse(piece->path, 0, "is not as it would be served: upload it, and take what is served");
}

/* bytes NULL: they are there. */
static bool piece_write(struct import *import, const struct piece *piece, const char *bytes, const struct media_output *output)
{
    char width[16], height[16];
    snprintf(width, sizeof width, "%u", output->width);
    snprintf(height, sizeof height, "%u", output->height);
    const char *values[] = {piece->hash, piece->type, bytes, output->width ? width : NULL, output->width ? height : NULL,
                            import_json(import, piece->root)};
    return values[5] ? import_apply(import, piece->note, piece->root, MEDIA, sizeof values / sizeof *values, values)
                     : import_refuse(piece->note, 0, "out of memory");
}

static bool new_write(struct import *import, const struct piece *piece, struct media_input input, struct arena *arena)
{
    struct media_output output = {0};
    bool done = bytes_clean(import, piece, input, &output);
    const char *text = done ? sql_bytes_text(input.bytes, input.length, arena) : NULL;
    buffer_release(&output.bytes);
    if (done && !text)
        done = import_refuse(piece->path, 0, "out of memory");
    return done && piece_write(import, piece, text, &output);
}

/* What is there already was clean when it came. */
static bool known_write(struct import *import, const struct piece *piece, const char *type)
{
    const struct media_output none = {0};
    if (strcmp(type, piece->type) != 0)
        return import_refuse(piece->path, 0, "is %s, as its ending must say", type);
    return piece_write(import, piece, NULL, &none);
}

static bool piece_import(struct import *import, const struct piece *piece)
{
    struct arena scratch;
    struct media_input input;
    arena_init(&scratch, 64 * 1024);
    input.bytes = bytes_read(piece->path, &scratch, &input.length);
    bool done = input.bytes && hash_fits(piece, input);
    PGresult *known = done ? database_query(import->db, KNOWN, 1, &piece->hash) : NULL;
    if (done && !known) {
        import->broken = true;
        done = import_refuse(piece->path, 0, "%s", PQerrorMessage(import->db));
    }
    if (done)
        done = PQntuples(known) > 0 ? known_write(import, piece, database_value(known, 0, 0)) : new_write(import, piece, input, &scratch);
    PQclear(known);
    arena_release(&scratch);
    return done;
}

static bool languages_known(const char *path, const struct node *root)
{
    const struct node *texts = node_get(root, "alternative_texts");
    bool known = true;
    for (size_t i = 0; texts && texts->kind == NODE_MAPPING && i < texts->count; i++)
        if (!vocabulary_find(VOCABULARY_LANGUAGE, texts->keys[i], strlen(texts->keys[i])))
            known = import_refuse(path, texts->key_lines[i], "there is no language `%s`", texts->keys[i]);
    return known;
}

static bool note_fits(struct import *import, const struct schema *schema, const struct piece *piece)
{
    struct faults faults;
    json_t *value = piece->root ? node_json(piece->root) : NULL;
    faults_init(&faults, &import->arena);
    const bool fits = value && schema_check(schema, value, "", NULL, &faults) && !faults.failed;
    json_decref(value);
    if (piece->root && !fits && faults.count == 0)
        return import_refuse(piece->note, 0, "out of memory");
    import_faults(import, piece->note, piece->root, &faults);
    return fits && languages_known(piece->note, piece->root);
}

/* "<hash>" of a name with one of our endings; NULL after saying that it has none. */
static const char *hash_of(struct import *import, const char *folder, const char *name)
{
    const char *ending = strchr(name, '.');
    const bool fits = ending && ending - name == NAME_LENGTH && strspn(name, "0123456789abcdef") == NAME_LENGTH &&
                      (media_type(ending + 1) || strcmp(ending, ".yaml") == 0);
    if (!fits)
        import_refuse(folder, 0, "%s does not belong here: files are <hash>.jpg, .png, .webp or .pdf, and <hash>.yaml", name);
    return fits ? arena_copy(&import->arena, name, NAME_LENGTH) : NULL;
}

/* The first of these names and, if it belongs to it, the second: bytes come before what is said of them, if anything is. Says how many
 * names it took. */
static bool piece_take(struct import *import, const struct schema *schema, const char *folder, const char *const *names, int count, int *took)
{
    static const struct node nothing = {.kind = NODE_MAPPING};
    struct piece piece = {.hash = hash_of(import, folder, names[0]), .root = &nothing};
    *took = 1;
    if (!piece.hash)
        return false;
    piece.type = media_type(names[0] + NAME_LENGTH + 1);
    piece.path = arena_printf(&import->arena, "%s/%s", folder, names[0]);
    piece.note = arena_printf(&import->arena, "%s/%s.yaml", folder, piece.hash);
    if (!piece.path || !piece.note)
        return import_refuse(folder, 0, "out of memory");
    if (!piece.type)
        return import_refuse(piece.note, 0, "has no picture or document beside it");
    if (count > 1 && strncmp(names[1], piece.hash, NAME_LENGTH) == 0 && strcmp(names[1] + NAME_LENGTH, ".yaml") == 0) {
        *took = 2;
        piece.root = import_tree(import, piece.note);
    }
    return note_fits(import, schema, &piece) && piece_import(import, &piece);
}

bool import_media(struct import *import)
{
    struct content_files files;
    struct tree_error error = {0};
    const char **names;
    const char *folder = import_path(import, "media");
    if (!folder || !content_files_load(&files, &import->arena, &error))
        return import_refuse("content_files.yaml", error.line, "%s", folder ? error.message : "out of memory");
    if (!vocabulary_load(import->db))
        return import_refuse(import->folder, 0, "the words of the reference data cannot be read");
    const int count = import_names(import, folder, is_visible, 0, &names);
    const bool locked = count >= 0 && (database_do(import->db, LOCK) || import_refuse(folder, 0, "%s", PQerrorMessage(import->db)));
    bool done = locked;
    for (int at = 0, took; locked && at < count && !import->broken; at += took)
        done = piece_take(import, files.media, folder, names + at, count - at, &took) && done;
    return done;
}
