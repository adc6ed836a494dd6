#!/bin/sh
# SPDX-License-Identifier: MIT
# certs.sh FOLDER [KEYS]: makes certificates of a day in FOLDER: two authorities
# (ca.pem and other.pem), and by the first one, for localhost, each with its key:
# server.pem, client.pem, and old.pem, which has expired, and digits.pem for 127.0.0.1.
# With KEYS also rsa.pem, and keys in all forms that there are: server.p8, rsa.p1,
# rsa.p8, and server.locked with a password. Needs openssl.
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
    [ -e "$1.key" ] || key "$1"
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
# As a name too: mbed TLS before 3.5 knows no addresses.
echo 'subjectAltName=DNS:127.0.0.1,IP:127.0.0.1' >names
issue digits 1
echo 'subjectAltName=DNS:localhost' >names
[ $# -gt 1 ] || exit 0
openssl genrsa -out rsa.key 2048
issue rsa 1
openssl rsa -in rsa.key -traditional -out rsa.p1
for name in server rsa; do
    openssl pkcs8 -topk8 -nocrypt -in $name.key -out $name.p8
done
openssl ec -in server.key -aes128 -passout pass:secret -out server.locked
cat server.key server.pem >both.pem
