#!/usr/bin/env bash
# Training over three hosts, in one machine: network namespaces with a bridge between them, sshd in each, and mpiexec
# over them as over any hosts. Shaped to 1 Gbit/s and 100 Mbit/s; then a rank is killed, the run resumed by two hosts,
# and the network cut and mended. Ends with 0 if all went as it should. Takes some minutes, and needs root:
#
#     apt-get install openssh-server iproute2
#     bash benchmarks/hosts.sh [python]     # one in whose environment minifcn[mpi] is installed
set -euo pipefail
cd "$(dirname "$0")/.."

python=$(command -v "${1:-python}")
mpiexec=$(dirname "$python")/mpiexec
hosts=(a b c)
work=$(mktemp -d)
job=

clean() {
    [ -z "$job" ] || kill "$job" 2>/dev/null || true
    for host in "${hosts[@]}"; do
        ip netns pids "fcn-$host" 2>/dev/null | xargs --no-run-if-empty kill -9 2>/dev/null || true
        ip netns delete "fcn-$host" 2>/dev/null || true
    done
    ip link delete fcn-bridge 2>/dev/null || true
    rm -rf "$work"
}
trap clean EXIT

address() { case $1 in a) echo 10.77.0.1 ;; b) echo 10.77.0.2 ;; c) echo 10.77.0.3 ;; esac; }

set_up() {
    ssh-keygen -q -t ed25519 -N "" -f "$work/key"
    ssh-keygen -q -t ed25519 -N "" -f "$work/of_hosts"
    mkdir -p /run/sshd "$work/runs"
    ip link add fcn-bridge type bridge
    ip address add 10.77.0.254/24 dev fcn-bridge
    ip link set fcn-bridge up
    for host in "${hosts[@]}"; do
        ip netns add "fcn-$host"
        ip link add "fcn-$host" type veth peer name eth0 netns "fcn-$host"
        ip link set "fcn-$host" master fcn-bridge up
        ip -n "fcn-$host" address add "$(address "$host")/24" dev eth0
        ip -n "fcn-$host" link set eth0 up
        ip -n "fcn-$host" link set lo up
        # A name of its own, too: who is missing is told by it, and cores are shared by those of one host. And the runs
        # are seen by the first host alone.
        ip netns exec "fcn-$host" unshare --uts --mount sh -c "hostname host-$host; \
            [ $host = a ] || mount -t tmpfs none $work/runs; exec /usr/sbin/sshd -f /dev/null \
            -o ListenAddress=$(address "$host") -o HostKey=$work/of_hosts -o AuthorizedKeysFile=$work/key.pub \
            -o PidFile=none -o StrictModes=no -o PermitRootLogin=prohibit-password -o UsePAM=no"
    done
    cat >"$work/ssh" <<EOF
#!/bin/sh
exec ssh -F none -i $work/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=$work/known -o LogLevel=ERROR "\$@"
EOF
    chmod +x "$work/ssh"
    "$python" - "$work/photos" <<EOF
import sys
from pathlib import Path

from PIL import Image

from minifcn.data import open_dataset

for split, count in (("train", 24), ("val", 6)):
    for number, (image, label) in enumerate(open_dataset("scenes", split=split, size=96, count=count)):
        for kind, array in (("images", image), ("masks", label)):
            path = Path(sys.argv[1], split, kind, f"{number}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(path)
EOF
}

shape() { # all that each host sends and receives; without a rate: as quick as it can be
    for host in "${hosts[@]}"; do
        for where in "" "-n fcn-$host"; do
            device=$([ -n "$where" ] && echo eth0 || echo "fcn-$host")
            tc $where qdisc delete dev "$device" root 2>/dev/null || true
            [ -z "$1" ] || tc $where qdisc add dev "$device" root tbf rate "$1" burst 256k latency 200ms
        done
    done
}

over() { # hosts, as a,c, then the command's options
    local list=$1 addresses=() host
    shift
    for host in ${list//,/ }; do addresses+=("$(address "$host")"); done
    # UCX_TLS: one kernel, and over shared memory nothing would go through the network.
    UCX_TLS=tcp,self OMP_NUM_THREADS=1 exec "$mpiexec" -launcher ssh -launcher-exec "$work/ssh" -localhost 10.77.0.254 \
        -hosts "$(IFS=,; echo "${addresses[*]}")" -n "${#addresses[@]}" "$python" -m minifcn "$@"
}

train=(train --data folder --root "$work/photos" --model fcn8s --batch-size 6 --device cpu --out)

received() { cat /sys/class/net/fcn-b/statistics/tx_bytes; } # by host b: what its bridge has sent it

check() { # what should be, then a command that is true if so
    if "${@:2}"; then echo "ok: $1"; else echo "WRONG: $1" && exit 1; fi
}

seconds_until() { # a pattern in a file, at most so many seconds
    local start=$SECONDS
    until grep -q "$1" "$2"; do
        [ $((SECONDS - start)) -lt "$3" ] || return 1
        sleep 0.2
    done
    echo $((SECONDS - start))
}

whole() { # a run's checkpoint, of at least so many epochs
    "$python" - "$@" <<EOF
import sys
from minifcn.weights.npz import load_arrays

arrays, about = load_arrays(sys.argv[1] + "/last.npz")
assert about["progress"]["epoch"] >= int(sys.argv[2]), about["progress"]
EOF
}

apart() { # the largest difference of two runs' weights, over the largest weight; float32, and velocities left out
    "$python" - "$@" <<EOF
import sys
import numpy as np
from minifcn.weights.npz import load_arrays

one, other = (load_arrays(folder + "/last.npz")[0] for folder in sys.argv[1:3])
names = [name for name in one if not name.startswith("velocity")]
print(max(abs(one[name] - other[name]).max() for name in names) / max(abs(one[name]).max() for name in names))
EOF
}

set_up
echo "== a training on one host, and on three"
(over a "${train[@]}" "$work/runs/one" --epochs 3) >"$work/log"
echo "one host: $(grep -o '[0-9.]* img/s' "$work/log" | tail -1)"
three() { # a rate, and options: 3 epochs of 4 steps
    local before run="$work/runs/three$*"
    shape "$1"
    before=$(received)
    (over a,b,c "${train[@]}" "$run" --epochs 3 "${@:2}") >"$work/log"
    echo "three hosts, ${*:-unshaped}: $(grep -o '[0-9.]* img/s' "$work/log" | tail -1);" \
        "$((($(received) - before) / 12 / 1000)) kB to host b a step"
}

three ""
difference=$(apart "$work/runs/one" "$work/runs/three")
check "their weights differ by $difference of the largest" "$python" -c "assert $difference < 1e-3"
three 1gbit
three 100mbit
three 100mbit --wire float16
shape ""

echo "== rank 1 is killed, and two hosts go on"
(over a,b,c "${train[@]}" "$work/runs/killed" --epochs 200) >"$work/log" 2>&1 &
job=$!
seconds_until "^epoch .* 3/200" "$work/log" 120 >/dev/null
start=$SECONDS
for process in $(ip netns pids fcn-b); do
    [[ $(cat "/proc/$process/comm") != python* ]] || kill -9 "$process"
done
code=0
wait "$job" || code=$?
job=
check "the job ended $((SECONDS - start)) s later, with $code" [ "$code" -ne 0 ]
check "its checkpoint is whole" whole "$work/runs/killed" 3
(over a,c "${train[@]}" "$work/runs/killed" --resume --epochs 8) | grep -E "processes|going on|^epoch +8/8"
check "two hosts have trained it to its end" whole "$work/runs/killed" 8

echo "== the network of host b is cut, and mended"
(over a,b,c "${train[@]}" "$work/runs/cut" --epochs 8) >"$work/log" 2>&1 &
job=$!
seconds_until "^epoch .*2/8" "$work/log" 120 >/dev/null
ip link set fcn-b down
waited=$(seconds_until "waited" "$work/log" 60) || { cat "$work/log"; exit 1; }
echo "$waited s later: $(grep waited "$work/log" | head -1)"
check "it names the missing rank and its host" grep -q "rank 1 on host-b" "$work/log"
ip link set fcn-b up
code=0
wait "$job" || code=$?
job=
check "the network mended, the training ends with $code" [ "$code" -eq 0 ]
check "its checkpoint is whole" whole "$work/runs/cut" 8
