# SPDX-License-Identifier: EUPL-1.2
# Stands in for the registry's image of nginx where no registry can be reached: the distribution's, which reads /etc/nginx/conf.d, writes below
# /var/cache/nginx and logs to the container's log as that one does.
ARG BASE
FROM ${BASE}
RUN apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends nginx > /dev/null \
    && rm -rf /etc/nginx/sites-enabled/* /var/lib/nginx && ln -s /var/cache/nginx /var/lib/nginx \
    && ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
