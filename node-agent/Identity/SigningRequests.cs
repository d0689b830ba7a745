using System.Text;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Core;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent.Identity;

/// <summary>Certificates by the Kubernetes API: the operator approves, the cluster signs.</summary>
internal sealed class SigningRequests(string nodeName, KubernetesConfig bootstrap, KubernetesConfig own, TimeProvider time, ILoggerFactory loggers) : ICertificateIssuer
{
    /// <summary>Between two looks whether it is signed.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>After this long without a decision another request is made: old ones are cleared away by the cluster.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public async Task<string> IssueAsync(string request, TimeSpan lifetime, bool asBootstrap, CancellationToken cancel)
    {
        // A client of its own: certificates are asked for once in days.
        using var client = new KubernetesClient(asBootstrap ? bootstrap : own, new KubernetesClientOptions { Component = "kilonova-node-agent", LoggerFactory = loggers });
        var requests = client.Resource(CoreResources.SigningRequests);
        var made = await requests.CreateAsync(
            new CertificateSigningRequest
            {
                Metadata = new ObjectMeta { Name = $"{ApiGroup.HostNamespace(nodeName)}-{Guid.NewGuid():N}"[..(ApiGroup.HostNamespacePrefix.Length + nodeName.Length + 9)] },
                Spec = new CertificateSigningRequestSpec
                {
                    Request = Encoding.ASCII.GetBytes(request),
                    SignerName = CertificateSigningRequest.ApiClientSigner,
                    ExpirationSeconds = (int)lifetime.TotalSeconds,
                    Usages = ["digital signature", "client auth"],
                },
            },
            cancel);
        var began = time.GetTimestamp();
        while (time.GetElapsedTime(began) < Patience)
        {
            if (await requests.ReloadAsync(made, cancel) is not { } now)
                throw new CertificateRefusedException($"The request {made.Metadata.Name} is gone.");
            if (now.Condition(CertificateSigningRequest.Denied) is { } denied)
                throw new CertificateRefusedException($"The request {made.Metadata.Name} was denied: {denied.Reason}: {denied.Message}");
            if (now.Condition(CertificateSigningRequest.Failed) is { } failed)
                throw new CertificateRefusedException($"The request {made.Metadata.Name} could not be signed: {failed.Reason}: {failed.Message}");
            if (now.Status?.Certificate is { Length: > 0 } certificate)
                return Encoding.ASCII.GetString(certificate);
            await Task.Delay(Look, time, cancel);
        }

        throw new CertificateRefusedException($"The request {made.Metadata.Name} was not decided in {Patience.TotalMinutes:0} minutes: does an operator lead?");
    }
}
