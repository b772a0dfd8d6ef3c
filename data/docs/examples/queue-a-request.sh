#!/bin/sh
# Queues one request with fieldpostctl, waits for its delivery and shows the receipt.
#   queue-a-request.sh URL
set -eu

id=$(fieldpostctl add --json "{\"crop\": \"maize\", \"kg\": 12}" --meta note=example "$1" | sed 's/[^0-9]*\([0-9]*\).*/\1/')
echo "queued as item $id"

# 0: delivered. 3: kept, and sent by the agent as soon as the network and the server are there.
if fieldpostctl sync --wait --quiet; then
  fieldpostctl show "$id"
else
  echo "not delivered yet; the agent goes on"
fi
