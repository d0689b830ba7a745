# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # here, dir, port, ... are those of ../run, which reads kubectl
# The server that build.sh builds: what is used unless the environment names another provider.

# shellcheck source=tests/control-plane/providers/processes.sh
. "$here/providers/processes.sh"

programs() {
  local code
  bin=$("$here/build.sh") || { code=$?; forget; exit $code; }
  kubectl=$bin/kubectl
}

prepare() { :; }

api_command() {
  local value
  command=("$bin/apiserver" serve --dir "$dir/pki" --port "$port" --etcd "http://127.0.0.1:$client_port")
  for value in "${bind[@]}"; do command+=(--bind "$value"); done
  for value in "${san[@]}"; do command+=(--san "$value"); done
}

issue() { # NAME FILE SERVER [GROUP...]
  local arguments=(--dir "$dir/pki" --name "$1" --out "$2" --server "${3:-https://127.0.0.1:$port}") group
  shift 3
  for group in "$@"; do arguments+=(--group "$group"); done
  "$bin/apiserver" user "${arguments[@]}"
}
