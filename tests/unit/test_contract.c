/* SPDX-License-Identifier: EUPL-1.2
 * openapi.yaml compiled: what an operation then knows, and that whatever is not understood is refused with its line. */
#include "contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "banned.h"

static struct contract contract;
static struct tree_error error;

/* A document around one path item, which begins at line 4. */
#define DOCUMENT(item) "openapi: 3.1.0\npaths:\n  /v1/things/{id}:\n" item
#define OK_ANSWER "      responses: {'200': {description: fine}}\n"
#define ID "{name: id, in: path, required: true, schema: {type: string}}"

static bool load(const char *yaml)
{
    contract_release(&contract);
    error = (struct tree_error){0};
    return contract_load(&contract, yaml, strlen(yaml), &error);
}

static void expect_fault(const char *yaml, unsigned line, const char *message)
{
    if (load(yaml))
        fail_msg("taken: %s", yaml);
    assert_string_equal(error.message, message);
    assert_int_equal(error.line, line);
}

static int teardown(void **state)
{
    (void)state;
    contract_release(&contract);
    return 0;
}

static const char WHOLE[] =
    "openapi: 3.1.0\n"
    "info: {title: t, version: '1'}\n"
    "paths:\n"
    "  /v1/things:\n"
    "    get:\n"
    "      operationId: list_things\n"
    "      x-cache: public\n"
    "      x-lane: slow\n"
    "      parameters:\n"
    "        - {name: limit, in: query, schema: {type: integer, default: 20}}\n"
    "        - {name: X-Trace, in: header, schema: {type: string}}\n"
    "      responses:\n"
    "        '200': {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/things'}}}}\n"
    "        default: {$ref: '#/components/responses/problem'}\n"
    "  /v1/towns/{town}/things/{id}:\n"
    "    parameters:\n"
    "      - {name: id, in: path, required: true, schema: {type: string}}\n"
    "      - {name: town, in: path, required: true, schema: {type: string}}\n"
    "    patch:\n"
    "      operationId: change_thing\n"
    "      x-body-max: 1000\n"
    "      security: [{session: [coordinator, admin]}, {task: [proposal]}]\n"
    "      requestBody:\n"
    "        required: true\n"
    "        content: {application/json: {schema: {type: object, properties: {a: {type: string}}}}}\n"
    "      responses: {'202': {description: d}, '404': {$ref: '#/components/responses/problem'}}\n"
    "components:\n"
    "  schemas:\n"
    "    things:\n"
    "      type: object\n"
    "      properties: {items: {type: array, items: {type: object, properties: {b: {type: string}}}}, next: {type: string}}\n"
    "  responses:\n"
    "    problem: {description: d, content: {application/problem+json: {schema: {type: object}}}}\n";

static void test_a_list_knows_its_items_lane_and_cache(void **state)
{
    (void)state;
    if (!load(WHOLE))
        fail_msg("line %u: %s", error.line, error.message);
    assert_int_equal(contract.count, 2);
    const struct operation *list = contract_find(&contract, "list_things");
    assert_int_equal(list->method, METHOD_GET);
    assert_int_equal(list->lane, LANE_SLOW);
    assert_true(list->cached);
    assert_true(list->anonymous);
    assert_string_equal(list->item->properties[0].name, "b");
    assert_int_equal(list->parameters[0].place, PLACE_QUERY);
    assert_int_equal(list->parameters[1].place, PLACE_HEADER);
    assert_int_equal(list->success->status, 200);
    assert_string_equal(operation_answer(list, 0)->media[0].type, "application/problem+json");
    assert_null(operation_answer(list, 404));
    assert_null(contract_find(&contract, "list"));
}

static void test_a_writing_operation_knows_who_may_and_what_comes(void **state)
{
    (void)state;
    assert_true(load(WHOLE));
    const struct operation *change = contract_find(&contract, "change_thing");
    assert_int_equal(change->lane, LANE_WRITE);
    assert_false(change->anonymous);
    assert_int_equal(change->roles.count, 2);
    assert_string_equal(change->roles.items[1], "admin");
    assert_string_equal(change->tasks.items[0], "proposal");
    assert_true(change->body_required);
    assert_int_equal(change->body_max, 1000);
    assert_string_equal(change->body->properties[0].name, "a");
    assert_int_equal(change->parameters[0].segment, 1); /* {id} is the second {…} of the path */
    assert_int_equal(change->parameters[1].segment, 0);
    assert_null(change->item);
}

static void test_unknown_words_are_refused(void **state)
{
    (void)state;
    expect_fault("openapi: 3.1.0\nwebhooks: {}\n", 2, "the document has no member webhooks");
    expect_fault("openapi: 3.1.0\ncomponents: {links: {}}\n", 2, "components has no member links");
    expect_fault(DOCUMENT("    trace: {}\n"), 4, "a path has no member trace");
    expect_fault(DOCUMENT("    get:\n      operationid: x\n"), 5, "an operation has no member operationid");
    expect_fault(DOCUMENT("    get:\n      'summary description': x\n"), 5, "an operation has no member summary description");
    expect_fault(DOCUMENT("    get:\n      operationId: x\n      parameters: [{nam: id}]\n"), 6, "a parameter has no member nam");
    expect_fault(DOCUMENT("    get:\n      operationId: x\n      parameters: [" ID "]\n      requestBody: {contents: {}}\n"), 7,
                 "a request body has no member contents");
    expect_fault(DOCUMENT("    get:\n      operationId: x\n      parameters: [" ID "]\n      responses: {'200': {link: {}}}\n"), 7,
                 "a response has no member link");
    expect_fault(DOCUMENT("    get:\n      operationId: x\n      parameters: [" ID "]\n" OK_ANSWER "      security: [{oauth: []}]\n"), 8,
                 "a security requirement has no member oauth");
}

static void test_unknown_schema_keywords_are_refused_where_they_stand(void **state)
{
    (void)state;
    assert_false(load("openapi: 3.1.0\npaths: {}\ncomponents:\n  schemas:\n    thing:\n      type: object\n      propertys: {}\n"));
    assert_int_equal(error.line, 7);
    assert_non_null(strstr(error.message, "propertys"));
}

static void test_parameters_must_be_declared_as_they_are_used(void **state)
{
    (void)state;
    expect_fault(DOCUMENT("    get:\n      operationId: x\n" OK_ANSWER), 5, "x: not every {parameter} of the path is declared");
    expect_fault(DOCUMENT("    get:\n      operationId: x\n      parameters: [{name: it, in: path, required: true, schema: {}}]\n"), 6,
                 "path parameter it must stand in /v1/things/{id} and be required");
    expect_fault(DOCUMENT("    get:\n      operationId: x\n      parameters: [{name: id, in: path, schema: {}}]\n"), 6,
                 "path parameter id must stand in /v1/things/{id} and be required");
    expect_fault(DOCUMENT("    get:\n      operationId: x\n      parameters: [{name: id, in: cookie, schema: {}}]\n"), 6,
                 "a parameter is in path, query or header, not in cookie");
    expect_fault(DOCUMENT("    get:\n      operationId: x\n      parameters: [" ID ", {name: id, in: query, schema: {}}]\n"), 6,
                 "parameter id is declared twice");
    expect_fault(DOCUMENT("    get:\n      operationId: x\n      parameters: [{$ref: '#/components/parameters/id'}]\n"), 6,
                 "#/components/parameters/id leads nowhere");
    expect_fault(DOCUMENT("    get:\n      operationId: x\n      parameters: {id: " ID "}\n"), 6, "parameters must be a list");
}

static void test_operations_and_paths_are_unique(void **state)
{
    (void)state;
    expect_fault(DOCUMENT("    parameters: [" ID "]\n"
                          "    get:\n      operationId: x\n" OK_ANSWER
                          "    put:\n      operationId: x\n" OK_ANSWER),
                 9, "operationId x is used twice");
    expect_fault(DOCUMENT("    get: {description: d}\n"), 4, "an operation needs an operationId");
    expect_fault(DOCUMENT("    get:\n      operationId: x\n      parameters: [" ID "]\n" OK_ANSWER
                          "  /v1/things/{it}:\n    get:\n      operationId: z\n"
                          "      parameters: [{name: it, in: path, required: true, schema: {}}]\n" OK_ANSWER),
                 10, "/v1/things/{it} is no path of its own for GET");
}

static void test_answers_and_bodies_have_their_form(void **state)
{
    (void)state;
#define GET DOCUMENT("    get:\n      operationId: x\n      parameters: [" ID "]\n")
    expect_fault(GET, 5, "x has no responses");
    expect_fault(GET "      responses: {'404': {description: d}}\n", 7, "x documents no success");
    expect_fault(GET "      responses: {2XX: {description: d}}\n", 7, "2XX is no status");
    expect_fault(GET OK_ANSWER "      x-lane: fast\n", 8, "x-lane is read, write or slow");
    expect_fault(DOCUMENT("    put:\n      operationId: x\n      parameters: [" ID "]\n" OK_ANSWER "      x-lane: slow\n"), 8,
                 "what changes something goes over the write lane: what is lost on the others is sent again");
    expect_fault(GET OK_ANSWER "      x-cache: private\n", 8, "x-cache is public, immutable or never, on GET only");
    expect_fault(GET OK_ANSWER "      x-cache: publicly\n", 8, "x-cache is public, immutable or never, on GET only");
    expect_fault(DOCUMENT("    put:\n      operationId: x\n      parameters: [" ID "]\n" OK_ANSWER "      x-cache: immutable\n"), 8,
                 "x-cache is public, immutable or never, on GET only");
    expect_fault(GET OK_ANSWER "      x-cache-until: [things]\n", 8, "x-cache-until belongs to x-cache: public, x-cache-seconds to x-cache-until");
    expect_fault(GET OK_ANSWER "      x-cache: public\n      x-cache-seconds: 1\n", 9,
                 "x-cache-until belongs to x-cache: public, x-cache-seconds to x-cache-until");
    expect_fault(GET OK_ANSWER "      x-cache: immutable\n      x-cache-until: [things]\n", 9,
                 "x-cache-until belongs to x-cache: public, x-cache-seconds to x-cache-until");
    expect_fault(GET OK_ANSWER "      x-cache: public\n      x-cache-until: things\n", 9, "a list of names is expected here");
    expect_fault(GET OK_ANSWER "      x-cache: public\n      x-cache-until: []\n", 9, "x-cache-until names one to 8 topics");
    expect_fault(GET OK_ANSWER "      x-cache: public\n      x-cache-until: [a, b, c, d, e, f, g, h, i]\n", 9, "x-cache-until names one to 8 topics");
    expect_fault(GET OK_ANSWER "      x-cache: public\n      x-cache-until: [a]\n      x-cache-seconds: 0\n", 10, "x-cache-seconds is a number up to 3600");
    expect_fault(GET OK_ANSWER "      x-rate: often\n", 8, "x-rate is read, search, form or sign_in");
    expect_fault(DOCUMENT("    put:\n      operationId: x\n      parameters: [" ID "]\n" OK_ANSWER), 5,
                 "what changes something and needs no session says its x-rate");
    expect_fault(GET OK_ANSWER "      x-idempotent: true\n", 8, "x-idempotent is true, on POST only");
    expect_fault(GET OK_ANSWER "      x-replica: true\n", 8,
                 "x-replica is false, on GET that anybody may call: others are never read from a replica");
    expect_fault(GET OK_ANSWER "      x-replica: false\n      security: [{session: []}]\n", 8,
                 "x-replica is false, on GET that anybody may call: others are never read from a replica");
    expect_fault(GET OK_ANSWER "      x-cache: public\n      security: [{session: []}]\n", 8,
                 "what only some may read cannot be cached as public");
    expect_fault(GET OK_ANSWER "      x-body-max: 0\n", 8, "x-body-max is a number of bytes up to 16 MiB");
    expect_fault(GET OK_ANSWER "      security: [{session: [a]}, {session: [b]}]\n", 8, "each scheme may stand once");
    expect_fault(GET OK_ANSWER "      security: {session: []}\n", 8, "security must be a list");
    expect_fault(GET "      requestBody: {content: {text/plain: {schema: {type: object}}}}\n" OK_ANSWER, 7,
                 "a body of text/plain needs the schema {type: string, format: binary}");
    expect_fault(GET "      requestBody: {content: {image/png: {schema: {type: string, format: binary, maxLength: 5}}}}\n" OK_ANSWER, 7,
                 "a body of image/png needs the schema {type: string, format: binary}");
    expect_fault(GET "      requestBody: {content: {image/png: {schema: {type: string, format: binary}}, application/json: {schema: {type: object}}}}\n"
                     OK_ANSWER, 7, "a body of application/json needs the schema {type: string, format: binary}");
    expect_fault(GET "      requestBody: {content: {application/json: {schema: {type: object}}, image/png: {schema: {}}}}\n" OK_ANSWER, 7,
                 "a JSON body has exactly one media type, with a schema");
    expect_fault(GET "      requestBody: {content: {}}\n" OK_ANSWER, 7, "a request body needs a media type");
    expect_fault(GET "      requestBody: {content: {application/json: {schema: {type: array}}}}\n" OK_ANSWER, 7,
                 "a request body must be an object");
}

/* A list of things, and one of them: LINK stands at line 8. */
#define LINKED(link) \
    "openapi: 3.1.0\npaths:\n  /v1/things:\n    post:\n      operationId: find_things\n      x-rate: form\n      responses: {'200': {links: {\n" \
    "        thing: " link "},\n" \
    "        headers: {ETag: {}},\n" \
    "        content: {application/json: {schema: {type: object, properties: {items: {type: array, items: {type: object, properties: {\n" \
    "          id: {type: string, format: uuid}, name: {type: string}, size: {type: integer}}}}}}}}}}\n" \
    "      parameters: [{name: size, in: query, schema: {type: integer}}]\n" \
    "      requestBody: {content: {application/json: {schema: {type: object, properties: {id: {type: string, format: uuid}}}}}}\n" \
    "  /v1/things/{id}:\n    get:\n      operationId: get_thing\n" \
    "      parameters: [{name: id, in: path, required: true, schema: {type: string, format: uuid}}, {name: size, in: query, schema: {type: integer}},\n" \
    "        {name: If-Match, in: header, schema: {type: string}}]\n" OK_ANSWER

static void test_links_give_what_is_there_to_who_takes_it(void **state)
{
    (void)state;
    assert_true(load(LINKED("{operationId: get_thing, description: d, parameters: {id: $response.body#/items/0/id, size: $request.query.size,\n"
                            "          If-Match: $response.header.ETag}}")));
    assert_true(load(LINKED("{operationId: get_thing, parameters: {id: $request.body#/id, size: $response.body#/items/0/size}}")));
    assert_true(load(LINKED("{operationId: find_things}")));
}

static void test_links_that_lead_nowhere_are_refused(void **state)
{
    (void)state;
    expect_fault(LINKED("{operationId: get_things}"), 8, "a link leads to an operationId that there is, not to get_things");
    expect_fault(LINKED("{parameters: {}}"), 8, "a link leads to an operationId that there is, not to nothing");
    expect_fault(LINKED("{operationRef: a}"), 8, "a link is a mapping of operationId, parameters and description");
    expect_fault(LINKED("[get_thing]"), 8, "a link is a mapping of operationId, parameters and description");
    expect_fault(LINKED("{operationId: get_thing, parameters: [id]}"), 8, "the parameters of a link are a mapping");
    expect_fault(LINKED("{operationId: get_thing}"), 8, "a link to get_thing gives no id");
    expect_fault(LINKED("{operationId: get_thing, parameters: {size: $request.query.size}}"), 8, "a link to get_thing gives no id");
    expect_fault(LINKED("{operationId: get_thing, parameters: {key: $response.body#/items/0/id}}"), 8,
                 "a link gives key, which get_thing does not take");
}

static void test_links_that_give_what_is_not_there_are_refused(void **state)
{
    (void)state;
#define GIVEN(value) LINKED("{operationId: get_thing, parameters: {id: " value "}}")
    expect_fault(GIVEN("$response.body#/items/id"), 8, "$response.body#/items/id is nothing that find_things has");
    expect_fault(GIVEN("$response.body#/items/0/key"), 8, "$response.body#/items/0/key is nothing that find_things has");
    expect_fault(GIVEN("$response.body#items"), 8, "$response.body#items is nothing that find_things has");
    expect_fault(GIVEN("$response.header.Etag"), 8, "$response.header.Etag is nothing that find_things has");
    expect_fault(GIVEN("$request.path.id"), 8, "$request.path.id is nothing that find_things has");
    expect_fault(GIVEN("$request.path.size"), 8, "$request.path.size is nothing that find_things has");
    expect_fault(GIVEN("$request.body#/key"), 8, "$request.body#/key is nothing that find_things has");
    expect_fault(GIVEN("$statusCode"), 8, "$statusCode is nothing that find_things has");
    expect_fault(GIVEN("1"), 8, "1 is nothing that find_things has");
    expect_fault(GIVEN("[1]"), 8, "this is nothing that find_things has");
    expect_fault(GIVEN("$response.body#/items/0/name"), 8, "$response.body#/items/0/name is no value for id of get_thing");
    expect_fault(GIVEN("$response.body#/items/0"), 8, "$response.body#/items/0 is no value for id of get_thing");
    expect_fault(GIVEN("$request.query.size"), 8, "$request.query.size is no value for id of get_thing");
}

static void test_an_answer_may_have_several_media_types(void **state)
{
    (void)state;
    assert_true(load(GET "      responses:\n"
                         "        '200':\n"
                         "          description: d\n"
                         "          content:\n"
                         "            text/calendar: {}\n"
                         "            application/json: {schema: {type: object, properties: {a: {type: string}}}}\n"
                         "            application/geo+json: {schema: {type: object}}\n"));
    const struct answer_form *success = contract.operations[0].success;
    assert_int_equal(success->media_count, 3);
    assert_string_equal(success->media[0].type, "text/calendar");
    assert_null(success->media[0].schema);
    assert_string_equal(success->schema->properties[0].name, "a");
    assert_ptr_equal(answer_media(success, "text/Calendar; charset=utf-8"), &success->media[0]);
    assert_non_null(answer_media(success, "application/geo+json")->schema);
    assert_null(answer_media(success, "text/calendars"));
    assert_null(answer_media(success, ""));
    expect_fault(GET "      responses: {'200': {description: d, content: {text/calendar: {}, text/html: {shema: {}}}}}\n", 7,
                 "a media type has no member shema");
}

static void test_a_body_may_be_bytes(void **state)
{
    (void)state;
    assert_true(load(GET "      requestBody:\n"
                         "        required: true\n"
                         "        content:\n"
                         "          image/png: {schema: {type: string, format: binary}}\n"
                         "          image/jpeg: {schema: {type: string, format: binary}}\n" OK_ANSWER));
    const struct operation *operation = &contract.operations[0];
    assert_null(operation->body);
    assert_true(operation->body_required);
    assert_int_equal(operation->body_types.count, 2);
    assert_string_equal(operation->body_types.items[1], "image/jpeg");
}

static void test_answers_are_kept_until_their_topics_change(void **state)
{
    (void)state;
    assert_true(load(GET OK_ANSWER "      x-cache: public\n      x-cache-until: [people, things]\n      x-cache-seconds: 60\n"));
    assert_int_equal(contract.topic_count, 2);
    assert_string_equal(contract.topics[1], "things");
    assert_int_equal(contract.operations[0].topics, 3);
    assert_int_equal(contract.operations[0].keep_seconds, 60);
}

static void test_an_answer_may_be_cached_for_ever(void **state)
{
    (void)state;
    assert_true(load(GET OK_ANSWER "      x-cache: immutable\n"));
    assert_true(contract.operations[0].cached);
    assert_true(contract.operations[0].immutable);
    assert_true(load(GET OK_ANSWER "      x-cache: public\n"));
    assert_true(contract.operations[0].cached);
    assert_false(contract.operations[0].immutable);
}

static void test_documents_of_other_versions_are_refused(void **state)
{
    (void)state;
    expect_fault("openapi: 3.0.3\npaths: {}\n", 1, "openapi must be 3.1");
    expect_fault("swagger: '2.0'\n", 1, "openapi must be 3.1");
    expect_fault("openapi: 3.1.0\n", 1, "the document has no paths");
    assert_false(load(""));
    assert_false(load("a: [\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_knows_its_items_lane_and_cache),
        cmocka_unit_test(test_a_writing_operation_knows_who_may_and_what_comes),
        cmocka_unit_test(test_unknown_words_are_refused),
        cmocka_unit_test(test_unknown_schema_keywords_are_refused_where_they_stand),
        cmocka_unit_test(test_parameters_must_be_declared_as_they_are_used),
        cmocka_unit_test(test_operations_and_paths_are_unique),
        cmocka_unit_test(test_answers_and_bodies_have_their_form),
        cmocka_unit_test(test_links_give_what_is_there_to_who_takes_it),
        cmocka_unit_test(test_links_that_lead_nowhere_are_refused),
        cmocka_unit_test(test_links_that_give_what_is_not_there_are_refused),
        cmocka_unit_test(test_an_answer_may_have_several_media_types),
        cmocka_unit_test(test_a_body_may_be_bytes),
        cmocka_unit_test(test_answers_are_kept_until_their_topics_change),
        cmocka_unit_test(test_an_answer_may_be_cached_for_ever),
        cmocka_unit_test(test_documents_of_other_versions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
