# shellcheck shell=bash
# shellcheck disable=SC2154 # dir, ready_seconds and the settings of `up` are those of ../run
# etcd and an API server as processes of our own: what the providers `embedded` and `assets` have in common. They add
#
#   programs                              set bin, the folder of etcd, and kubectl
#   prepare                               make what the server needs for $port, $bind and $san
#   api_command                           set command, which serves on $port with the store at $client_port
#   issue NAME FILE SERVER [GROUP...]     write a kubeconfig with a client certificate

# shellcheck disable=SC2034 # read by ../run
settings=(bin kubectl client_port peer_port port bind san)

# Prints the pid in DIR/NAME.pid when that process is still the one that we started.
pid_of() { # NAME
  local pid
  pid=$(cat "$dir/$1.pid" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$dir" || return 1
  echo "$pid"
}

start() { # NAME COMMAND...
  local name=$1
  shift
  # 9: the lock; a process that inherited it would hold it for its life
  setsid "$@" >>"$dir/$name.log" 2>&1 </dev/null 9>&- &
  echo $! >"$dir/$name.pid"
}

stop() { # NAME SIGNAL
  local pid
  pid=$(pid_of "$1") || return 0
  kill -"$2" "$pid" 2>/dev/null || true
  until_true 20 exited "$1" || { kill -KILL "$pid" 2>/dev/null || true; until_true 10 exited "$1" || fail "$1 (pid $pid) does not end"; }
  rm -f "$dir/$1.pid"
}

exited() { ! pid_of "$1" >/dev/null; }
listening_or_exited() { listening "$2" || exited "$1"; }
ready_or_exited() { ready || exited api; }

start_etcd() {
  local client=http://127.0.0.1:$client_port peer=http://127.0.0.1:$peer_port
  start etcd env GOGC="${GOGC:-50}" "$bin/etcd" --data-dir "$dir/etcd" --log-level warn --unsafe-no-fsync --snapshot-count 5000 \
    --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
  until_true "$ready_seconds" listening_or_exited etcd "$client_port"
  pid_of etcd >/dev/null && listening "$client_port"
}

start_api() {
  local command
  api_command
  start api env GOGC="${GOGC:-50}" GOMEMLIMIT="${GOMEMLIMIT:-1GiB}" "${command[@]}"
  until_true "$ready_seconds" listening_or_exited api "$port"
  pid_of api >/dev/null || return 1
  [ -f "$dir/admin.kubeconfig" ] || issue kubernetes-admin "$dir/admin.kubeconfig" '' system:masters || return 1
  until_true "$ready_seconds" ready_or_exited && pid_of api >/dev/null
}

give_up() { # NAME
  tail -n 20 "$dir/$1.log" >&2
  fail "$1 does not get ready, see $dir/$1.log"
}

environment() {
  echo "export KILONOVA_API_SERVER='https://127.0.0.1:$port'"
  echo "export KILONOVA_HOST_API_SERVER='${bind[0]:+https://${bind[0]}:$port}'"
  echo "export KILONOVA_ETCD_ENDPOINTS='http://127.0.0.1:$client_port'"
  echo "export KILONOVA_API_PID=$(pid_of api || true)"
  echo "export KILONOVA_ETCD_PID=$(pid_of etcd || true)"
}

create() {
  local attempt given=$port
  programs
  for attempt in 1 2 3; do # another program may take a port between the choice and its use
    client_port=$(free_port) peer_port=$(free_port)
    start_etcd && break
    stop etcd KILL
    rm -rf "$dir/etcd"
    [ "$attempt" -lt 3 ] || give_up etcd
  done
  for attempt in 1 2 3; do
    port=${given:-$(free_port)}
    prepare
    start_api && break
    stop api KILL
    [ -z "$given" ] && [ "$attempt" -lt 3 ] || give_up api
    rm -rf "$dir/pki" "$dir/admin.kubeconfig"
  done
  save
}

resume() {
  pid_of etcd >/dev/null || start_etcd || give_up etcd
  if pid_of api >/dev/null; then
    until_true "$ready_seconds" ready || give_up api
  else
    start_api || give_up api
  fi
}

destroy() {
  stop api KILL
  stop etcd KILL
}

processes() { # prints what runs
  local name
  for name in etcd api; do echo "$name: $(pid_of $name || echo not running)"; done
}

fault() { # COMMAND
  case $1 in
    kill-api) stop api KILL ;;
    kill-etcd) stop etcd KILL ;;
    restart-api) stop api TERM; start_api || give_up api ;;
    restart-etcd) # not SIGTERM, on which etcd waits 5 s for watches to end; what it acknowledged is in the page cache
      stop etcd KILL; start_etcd || give_up etcd
      if pid_of api >/dev/null; then until_true "$ready_seconds" ready || give_up api; fi
      ;;
  esac
}
