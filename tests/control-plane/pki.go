package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

const adminUser, adminGroup = "kubernetes-admin", "system:masters"

// pki is the folder of the plane's only certificate authority, which signs servers and clients.
type pki struct{ dir string }

func (p pki) path(name string) string { return filepath.Join(p.dir, name) }
func (p pki) caFile() string          { return p.path("ca.crt") }

// ensureCA makes the authority once; clients that trust it survive restarts of the server.
func (p pki) ensureCA() error {
	if _, err := os.Stat(p.caFile()); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	key, keyPEM, err := newKey()
	if err != nil {
		return err
	}
	ca, err := cert.NewSelfSignedCACert(cert.Config{CommonName: "kilonova-test-ca"}, key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.path("ca.key"), keyPEM, 0o600); err != nil {
		return err
	}
	return os.WriteFile(p.caFile(), encode(ca.Raw), 0o644) // last: its presence says that both are there
}

// sign fills in what every certificate has in common and returns it in PEM form.
func (p pki) sign(template *x509.Certificate, public crypto.PublicKey) ([]byte, error) {
	cas, err := cert.CertsFromFile(p.caFile())
	if err != nil {
		return nil, err
	}
	key, err := keyutil.PrivateKeyFromFile(p.path("ca.key"))
	if err != nil {
		return nil, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, err
	}
	template.NotBefore = cas[0].NotBefore
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().AddDate(1, 0, 0)
	}
	template.BasicConstraintsValid = true
	template.KeyUsage |= x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, cas[0], public, key)
	if err != nil {
		return nil, err
	}
	return encode(der), nil
}

// issueServer writes a new serving certificate for 127.0.0.1, the well-known names and the given ones.
func (p pki) issueServer(names []string) (certFile, keyFile string, err error) {
	t := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	key, keyPEM, err := newKey()
	if err != nil {
		return "", "", err
	}
	certPEM, err := p.sign(t, key.Public())
	if err != nil {
		return "", "", err
	}
	certFile, keyFile = p.path("server.crt"), p.path("server.key")
	return certFile, keyFile, errors.Join(os.WriteFile(certFile, certPEM, 0o644), os.WriteFile(keyFile, keyPEM, 0o600))
}

// writeKubeconfig signs a client certificate and writes a kubeconfig that carries it.
func (p pki) writeKubeconfig(file, server, user string, groups []string) error {
	key, keyPEM, err := newKey()
	if err != nil {
		return err
	}
	certPEM, err := p.sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, key.Public())
	if err != nil {
		return fmt.Errorf("signing the certificate of %s: %w", user, err)
	}
	ca, err := os.ReadFile(p.caFile())
	if err != nil {
		return err
	}
	c := clientcmdapi.NewConfig()
	c.Clusters["local"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca}
	c.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificateData: certPEM, ClientKeyData: keyPEM}
	c.Contexts["local"] = &clientcmdapi.Context{Cluster: "local", AuthInfo: user}
	c.CurrentContext = "local"
	return clientcmd.WriteToFile(*c, file)
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	return key, keyPEM, err
}

func encode(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: cert.CertificateBlockType, Bytes: der})
}
