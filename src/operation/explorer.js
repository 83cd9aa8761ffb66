// SPDX-License-Identifier: EUPL-1.2
// Starts swagger-ui on /docs. The validator is a foreign host's, so it stays off; access tokens are forgotten with the page.
/* global SwaggerUIBundle */
SwaggerUIBundle({
    url: "v1/openapi.json",
    dom_id: "#explorer",
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    persistAuthorization: false,
    validatorUrl: null,
});
