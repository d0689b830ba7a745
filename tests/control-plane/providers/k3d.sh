# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # here, dir, bind, ... are those of ../run
# A cluster of our own by k3d, in containers; otherwise like one that runs already.

# shellcheck source=tests/control-plane/providers/existing.sh
. "$here/providers/existing.sh"

settings+=(k3d_cluster)

create() {
  local arguments value answer
  need k3d docker
  programs
  answer=$(docker info 2>&1) || unavailable "docker does not answer: $(tail -n 1 <<<"$answer")"
  [ ${#bind[@]} -le 1 ] || { forget; fail "k3d publishes the API at one --bind address"; }
  k3d_cluster=kilonova-$(sha256sum <<<"$dir" | cut -c1-12)
  api_server='' host_api_server=''
  save # before there is anything, so that `down` removes what a failure leaves
  arguments=(--no-lb --api-port "${bind[0]:-127.0.0.1}:${port:-$(free_port)}" --k3s-arg '--disable=traefik@server:0'
    --kubeconfig-update-default=false --kubeconfig-switch-context=false --wait --timeout "${ready_seconds}s")
  for value in "${bind[@]}" "${san[@]}"; do arguments+=(--k3s-arg "--tls-san=$value@server:0"); done
  k3d cluster create "$k3d_cluster" "${arguments[@]}" >&2 || fail "k3d does not start the cluster $k3d_cluster"
  k3d kubeconfig write "$k3d_cluster" --output "$dir/admin.kubeconfig" >/dev/null
  chmod 600 "$dir/admin.kubeconfig"
  read_server
  save
}

destroy() { k3d cluster delete "$k3d_cluster" >&2; }
