#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh WIRE_PEER PAGE FOLDER: akt and another implementation of CBOR, the npm
# package cbor, read and write the same. It is installed into FOLDER, once, in the
# version and with the content that package-lock.json has. Ends with 77 (skipped)
# where there is no node, no npm, or no registry to be reached.
set -eu
program=$1 page=$2 folder=$3
here=$(cd "$(dirname "$0")" && pwd)
seed=${AKT_TEST_SEED:-1} count=${AKT_PEER_MESSAGES:-600}

for tool in node npm; do
    command -v $tool >/dev/null || {
        echo "skipped: there is no $tool"
        exit 77
    }
done
mkdir -p "$folder"
cp "$here/package.json" "$here/package-lock.json" "$here/peer.js" "$folder"
cd "$folder"
if ! cmp -s package-lock.json installed; then
    npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=0 \
        >npm.log 2>&1 || {
        cat npm.log
        # Other content than was agreed on is not the network's fault.
        ! grep -q EINTEGRITY npm.log || exit 1
        echo "skipped: the package cannot be installed"
        exit 77
    }
    cp package-lock.json installed
fi

node peer.js page "$page"
"$program" write "$seed" "$count" >sent
node peer.js answer <sent >answers
"$program" check "$seed" "$count" <answers || {
    echo "FAIL: AKT_TEST_SEED=$seed"
    exit 1
}
echo "$count messages there and back"
