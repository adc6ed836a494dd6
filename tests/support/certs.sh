#!/bin/sh
# SPDX-License-Identifier: MIT
# certs.sh FOLDER: makes certificates of a day in FOLDER: two authorities (ca.pem and
# other.pem), and by the first one, for localhost, each with its key: server.pem,
# client.pem, and old.pem, which has expired. Needs openssl.
set -eu
cd "$1"

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

# authority NAME
authority() {
    key "$1"
    openssl req -x509 -key "$1.key" -subj "/CN=$1" -days 1 -out "$1.pem"
}

# issue NAME DAYS
issue() {
    key "$1"
    openssl req -new -key "$1.key" -subj /CN=localhost -out "$1.csr"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial \
        -extfile names -days "$2" -out "$1.pem"
}

authority ca
authority other
echo 'subjectAltName=DNS:localhost' >names
issue server 1
issue client 1
issue old -1
