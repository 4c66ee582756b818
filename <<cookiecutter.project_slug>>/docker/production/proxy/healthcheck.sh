#!/bin/bash
# Healthy while a worker of nginx answers. Whether the app does is not the proxy's health.
set -euo pipefail

exec 3<>/dev/tcp/127.0.0.1/8081
printf 'GET / HTTP/1.0\r\n\r\n' >&3
read -r -t 4 _ status _ <&3
[[ $status = 20[04] ]]
