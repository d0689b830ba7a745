package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// recordRequester writes into a signing request who made it.
func recordRequester(ctx context.Context, o runtime.Object) {
	spec := &o.(*certificatesv1.CertificateSigningRequest).Spec
	spec.Username, spec.UID, spec.Groups, spec.Extra = "", "", nil, nil
	if u, ok := request.UserFrom(ctx); ok {
		spec.Username, spec.UID, spec.Groups = u.GetName(), u.GetUID(), u.GetGroups()
		for k, v := range u.GetExtra() {
			if spec.Extra == nil {
				spec.Extra = map[string]certificatesv1.ExtraValue{}
			}
			spec.Extra[k] = v
		}
	}
}

// issueStrategy is that of certificatesigningrequests/status: signers write the certificate there, but
// do not approve.
type issueStrategy struct{ *strategy }

func (s *issueStrategy) PrepareForUpdate(_ context.Context, o, old runtime.Object) {
	n, was := o.(*certificatesv1.CertificateSigningRequest), old.(*certificatesv1.CertificateSigningRequest)
	n.Spec = was.Spec
	n.Status.Conditions = append(selectConditions(was, isDecision), selectConditions(n, isNoDecision)...)
}

// approvalStrategy is that of certificatesigningrequests/approval: only conditions pass.
type approvalStrategy struct{ *strategy }

func (s *approvalStrategy) PrepareForUpdate(_ context.Context, o, old runtime.Object) {
	n, was := o.(*certificatesv1.CertificateSigningRequest), old.(*certificatesv1.CertificateSigningRequest)
	n.Spec = was.Spec
	n.Status.Certificate = was.Status.Certificate
	now := metav1.Now()
	for i := range n.Status.Conditions {
		set(&n.Status.Conditions[i].LastUpdateTime, now)
		set(&n.Status.Conditions[i].LastTransitionTime, now)
	}
}

func isDecision(c certificatesv1.CertificateSigningRequestCondition) bool {
	return c.Type == certificatesv1.CertificateApproved || c.Type == certificatesv1.CertificateDenied
}

func isNoDecision(c certificatesv1.CertificateSigningRequestCondition) bool { return !isDecision(c) }

func selectConditions(r *certificatesv1.CertificateSigningRequest, keep func(certificatesv1.CertificateSigningRequestCondition) bool) (kept []certificatesv1.CertificateSigningRequestCondition) {
	for _, c := range r.Status.Conditions {
		if keep(c) {
			kept = append(kept, c)
		}
	}
	return kept
}

// addSigner lets the plane's authority sign approved requests to kubernetes.io/kube-apiserver-client.
func addSigner(ctx context.Context, l *loopback, p pki) error {
	sign := func(o any) {
		r := o.(*certificatesv1.CertificateSigningRequest)
		approved := slices.ContainsFunc(r.Status.Conditions, func(c certificatesv1.CertificateSigningRequestCondition) bool {
			return c.Type == certificatesv1.CertificateApproved
		})
		if r.Spec.SignerName != certificatesv1.KubeAPIServerClientSignerName || !approved || len(r.Status.Certificate) > 0 || failed(r) {
			return
		}
		r = r.DeepCopy()
		certificate, err := signRequest(p, r)
		r.Status.Certificate = certificate
		if err != nil {
			r.Status.Conditions = append(r.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
				Type: certificatesv1.CertificateFailed, Status: corev1.ConditionTrue, Reason: "SignerValidationFailure", Message: err.Error(), LastUpdateTime: metav1.Now()})
		}
		if _, err := l.typed.CertificatesV1().CertificateSigningRequests().UpdateStatus(ctx, r, metav1.UpdateOptions{}); err != nil {
			klog.ErrorS(err, "writing a certificate; the next resync tries again", "request", r.Name)
		}
	}
	_, err := l.informers.Certificates().V1().CertificateSigningRequests().Informer().AddEventHandlerWithResyncPeriod(
		cache.ResourceEventHandlerFuncs{AddFunc: sign, UpdateFunc: func(_, o any) { sign(o) }}, 5*time.Second)
	return err
}

func failed(r *certificatesv1.CertificateSigningRequest) bool {
	return slices.ContainsFunc(r.Status.Conditions, func(c certificatesv1.CertificateSigningRequestCondition) bool {
		return c.Type == certificatesv1.CertificateFailed
	})
}

func signRequest(p pki, r *certificatesv1.CertificateSigningRequest) ([]byte, error) {
	block, _ := pem.Decode(r.Spec.Request)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, errors.New("spec.request is not a PEM certificate request")
	}
	asked, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	if err := asked.CheckSignature(); err != nil {
		return nil, err
	}
	if slices.Contains(asked.Subject.Organization, adminGroup) {
		return nil, fmt.Errorf("group %s may not be asked for", adminGroup)
	}
	t := &x509.Certificate{Subject: asked.Subject, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if s := r.Spec.ExpirationSeconds; s != nil {
		t.NotAfter = time.Now().Add(time.Duration(*s) * time.Second)
	}
	return p.sign(t, asked.PublicKey)
}
