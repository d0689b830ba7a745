// Command apiserver is a Kubernetes API server for tests and demonstrations on one machine. It is
// composed of the k8s.io/apiserver and k8s.io/apiextensions-apiserver libraries, so that requests,
// storage, watches, server-side apply, CRDs and admission are those of a real cluster.
//
//	apiserver serve --dir DIR --port PORT --etcd URL [--bind ADDRESS]... [--san NAME]...
//	apiserver user --dir DIR --name NAME [--group GROUP]... --server URL --out FILE
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/klog/v2"
)

// repeated is a flag that may be given several times.
type repeated []string

func (r *repeated) String() string     { return strings.Join(*r, ",") }
func (r *repeated) Set(v string) error { *r = append(*r, v); return nil }

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "apiserver:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("expected a command: serve or user")
	}
	fs := flag.NewFlagSet(args[0], flag.ExitOnError)
	dir := fs.String("dir", "", "folder of the CA, its certificates and kubeconfig files")
	switch args[0] {
	case "serve":
		var o serveOptions
		klog.InitFlags(fs)
		fs.IntVar(&o.port, "port", 0, "port on 127.0.0.1 and on every --bind address")
		fs.StringVar(&o.etcd, "etcd", "", "comma separated URLs of etcd")
		fs.Var((*repeated)(&o.bind), "bind", "further address to listen on; it need not exist yet")
		fs.Var((*repeated)(&o.names), "san", "further DNS name or address for the server's certificate")
		if err := fs.Parse(args[1:]); err != nil {
			return err
		}
		o.pki = pki{*dir}
		return serve(genericapiserver.SetupSignalContext(), o)
	case "user":
		var groups repeated
		name := fs.String("name", "", "user name: the certificate's common name")
		server := fs.String("server", "", "URL of the API server in the kubeconfig")
		out := fs.String("out", "", "kubeconfig file to write")
		fs.Var(&groups, "group", "group of the user: an organisation of the certificate")
		if err := fs.Parse(args[1:]); err != nil {
			return err
		}
		if *name == "" || *out == "" {
			return fmt.Errorf("--name and --out are required")
		}
		return pki{*dir}.writeKubeconfig(*out, *server, *name, groups)
	default:
		return fmt.Errorf("unknown command %q in %s", args[0], filepath.Base(os.Args[0]))
	}
}
