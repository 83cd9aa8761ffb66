# SPDX-License-Identifier: EUPL-1.2
# Stands in for the registry's image of PostgreSQL where no registry can be reached: the distribution's server, and of the image's ways those
# that docker/compose.yaml relies on.
ARG BASE
FROM ${BASE}
RUN apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends postgresql > /dev/null
COPY postgres-entrypoint.sh /usr/local/bin/entrypoint.sh
STOPSIGNAL SIGINT
ENTRYPOINT ["entrypoint.sh"]
