#!/bin/sh
# SPDX-License-Identifier: MIT
# You (the terminal) in a chat with two others; end it by Ctrl-D.
demo=chat
. "$(dirname "$0")/build.sh"

member()
{
    sleep 1
    for line; do
        echo "$line"
        sleep 1
    done
}
you=ipc://$folder/you
ada=ipc://$folder/ada
member 'hello' 'how are you?' | "$program" member ada "$ada" "$you" >/dev/null &
member 'hello, ada' 'fine' \
    | "$program" member bob "ipc://$folder/bob" "$ada" "$you" >/dev/null &
"$program" member you "$you"
