#!/bin/bash
# Two nodes of Slurm on this machine, for test_slurm.py: slurm_pair.sh FOLDER COMMAND...
#
# Run as root by `unshare --pid --fork --net --mount --uts --mount-proc --kill-child`: processes, addresses, mounts and
# host names are those of namespaces, so nothing outside is touched, and all of it ends with this script. Each node is a
# slurmd with processes, a network interface, /tmp and /dev/shm of its own, so that each runs a Ray of its own. Each has a
# GPU for Slurm to give, so that the script runs as it is shipped; Ray finds none.
set -eu
folder=$1; shift
export SLURM_CONF=$folder/slurm.conf

node() {  # NAME ADDRESS: runs slurmd of a node
    hostname "$1"
    mount --make-rprivate /
    mkdir -p "$folder/$1-checkout"
    mount --bind "$checkout" "$folder/$1-checkout"
    mount -t tmpfs tmpfs /tmp
    mount -t tmpfs tmpfs /dev/shm
    mkdir -p "$checkout"
    mount --bind "$folder/$1-checkout" "$checkout"  # one below /tmp is not hidden
    until ip link show eth0 > "$folder/$1.out" 2>&1; do sleep 0.1; done
    ip link set lo up
    ip address add "$2/24" dev eth0
    ip link set eth0 up
    slurmd -D -N "$1" -f "$SLURM_CONF" > "$folder/$1.out" 2>&1 &
    wait  # this shell is process 1 of the node: it collects ended processes, for which `ray stop` waits
}
checkout=$(cd "$(dirname "$0")/../.." && pwd)
export -f node
export folder checkout

hostname ctl
mount --make-rprivate /
printf '127.0.0.1 localhost\n10.77.0.1 ctl\n10.77.0.2 n1\n10.77.0.3 n2\n' > "$folder/hosts"
mount --bind "$folder/hosts" /etc/hosts
ip link set lo up
ip link add bridge type bridge
ip address add 10.77.0.1/24 dev bridge
ip link set bridge up

mkdir -p "$folder"/{controller,n1,n2,munge}
dd if=/dev/urandom of="$folder/munge/key" bs=1024 count=1 status=none
chmod 700 "$folder/munge" && chmod 600 "$folder/munge/key"
munged --force --socket="$folder/munge.socket" --key-file="$folder/munge/key" --pid-file="$folder/munge/pid" \
    --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
cat > "$SLURM_CONF" << END
ClusterName=pair
SlurmctldHost=ctl(10.77.0.1)
AuthInfo=socket=$folder/munge.socket
SlurmUser=root
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
StateSaveLocation=$folder/controller
SlurmdSpoolDir=$folder/%n
SlurmctldPidFile=$folder/controller.pid
SlurmdPidFile=$folder/%n.pid
SlurmctldLogFile=$folder/controller.log
SlurmdLogFile=$folder/%n.log
GresTypes=gpu
NodeName=n1 NodeAddr=10.77.0.2 CPUs=1 Gres=gpu:1
NodeName=n2 NodeAddr=10.77.0.3 CPUs=1 Gres=gpu:1
PartitionName=all Nodes=n1,n2 Default=YES State=UP
END
echo 'NodeName=n[1-2] Name=gpu File=/dev/null' > "$folder/gres.conf"  # a GPU that only Slurm knows
slurmctld -D -c -f "$SLURM_CONF" > "$folder/controller.out" 2>&1 &
for number in 1 2; do
    unshare --pid --fork --net --mount --uts --mount-proc --kill-child \
        bash -c "node n$number 10.77.0.$((number + 1))" &
    unshared=$!
    until child=$(pgrep --parent "$unshared"); do sleep 0.1; done
    ip link add "node$number" type veth peer name eth0 netns "$child"
    ip link set "node$number" master bridge
    ip link set "node$number" up
done
for _ in $(seq 60); do
    [ "$(sinfo --noheader --states=idle --format=%D 2> /dev/null)" = 2 ] && break
    sleep 1
done
"$@"
