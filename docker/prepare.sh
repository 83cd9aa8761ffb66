#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# prepare.sh NAME: writes into docker/local what compose.yaml hands to the containers: passwords, the key, the configuration, nginx's site for
# NAME and, until you put your own in their place, a certificate that nobody trusts. What is there stays as it is.
set -eu
cd "$(dirname "$0")"
[ $# -eq 1 ] || { echo "usage: prepare.sh NAME" >&2 && exit 2; }
umask 077
mkdir -p local

# FILE OWNER: read by that user in a container; local itself is closed.
give() {
    chown "$2:$2" "$1" 2> /dev/null || chmod 444 "$1" # whoever is not root cannot give files away
}
secret() {
    openssl rand -hex 24
}
configuration() { # FILE, further lines
    [ ! -e "local/$1" ] || return 0
    cat > "local/$1"
    give "local/$1" 65534
}

if [ ! -e local/passwords.sql ]; then
    welcome=$(secret) worker=$(secret) owner=$(secret)
    secret > local/postgres
    cat > local/passwords.sql << END
ALTER ROLE welcome PASSWORD '$welcome';
ALTER ROLE welcome_worker PASSWORD '$worker';
ALTER ROLE welcome_owner PASSWORD '$owner';
END
    chmod 444 local/passwords.sql local/postgres # the server's user has another number in each image; local itself is closed
    configuration daemon.conf << END
WELCOME_DATABASE_URL=host=postgres dbname=welcome user=welcome password=$welcome
WELCOME_DATABASE_WORKER_URL=host=postgres dbname=welcome user=welcome_worker password=$worker
WELCOME_PORTAL_URL=https://portal.example.org
WELCOME_PORTAL_ORIGINS=https://portal.example.org
#WELCOME_MAIL_FROM=Welcome <welcome@example.org>
#WELCOME_SMTP_URL=smtp://mail.example.org:587
#WELCOME_SMTP_USER=welcome
#WELCOME_SMTP_PASSWORD=
#WELCOME_HSTS_SECONDS=31536000
END
    configuration migrate.conf << END
WELCOME_DATABASE_URL=host=postgres dbname=welcome user=welcome password=$welcome
WELCOME_DATABASE_WORKER_URL=host=postgres dbname=welcome user=welcome_worker password=$worker
WELCOME_DATABASE_OWNER_URL=host=postgres dbname=welcome user=welcome_owner password=$owner
END
fi
if [ ! -e local/secret.key ]; then
    openssl rand -base64 32 > local/secret.key
    give local/secret.key 65534
fi
# nginx reads these as a root without capabilities, so only its own or what everybody may read.
if [ ! -e local/nginx.conf ]; then
    sed "/server_name/s/api\.example\.org/$1/" nginx.conf > local/nginx.conf
    give local/nginx.conf 0
fi
if [ ! -e local/tls.pem ]; then
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$1" -addext "subjectAltName=DNS:$1" -keyout local/tls.key -out local/tls.pem 2> /dev/null
    give local/tls.key 0
    give local/tls.pem 0
fi
echo "docker/local is ready; your settings go to daemon.conf, your certificate to tls.pem and tls.key."
