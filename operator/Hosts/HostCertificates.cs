using System.Text.Json.Nodes;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Controllers;
using Kilonova.Kubernetes.Core;
using Kilonova.Operator.Cluster;
using Microsoft.Extensions.Logging;

namespace Kilonova.Operator.Hosts;

/// <summary>Approves or denies requests for hosts' certificates, by <see cref="HostCertificatePolicy"/>. Signing is the cluster's own business.</summary>
public sealed class HostCertificates(ApiResources api, ClusterCache cache, string agentAccount, ILogger<HostCertificates> logger)
{
    /// <summary>Sees to one request.</summary>
    public async Task<Result> ReconcileAsync(string name, CancellationToken cancellation)
    {
        if (cache.SigningRequests.Get(new NamespacedName(name)) is not { Metadata.DeletionTimestamp: null } request)
            return Result.Done;
        switch (HostCertificatePolicy.Decide(request, agentAccount))
        {
            case CertificateVerdict.Approve approve:
                await DecideAsync(request, CertificateSigningRequest.Approved, approve.Reason, approve.Message, cancellation);
                logger.CertificateApproved(name, approve.Host, approve.Message);
                break;
            case CertificateVerdict.Deny deny:
                await DecideAsync(request, CertificateSigningRequest.Denied, deny.Reason, deny.Message, cancellation);
                logger.CertificateDenied(name, request.Spec.Username ?? "", deny.Message);
                break;
        }

        return Result.Done;
    }

    // Guarded by the version that was judged: a decision is about that request and no other.
    private Task<CertificateSigningRequest> DecideAsync(CertificateSigningRequest request, string type, string reason, string message, CancellationToken cancellation) =>
        api.SigningRequests.PatchMergeAsync(
            NamespacedName.Of(request),
            new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["conditions"] = new JsonArray(new JsonObject { ["type"] = type, ["status"] = "True", ["reason"] = reason, ["message"] = message }),
                },
            },
            Guard.On(request),
            "approval",
            cancellation);
}
