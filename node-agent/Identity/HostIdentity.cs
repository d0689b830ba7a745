using System.Text;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.NodeAgent.State;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent.Identity;

/// <summary>
/// Keeps the host's own certificate, <c>client.pem</c> in the state directory: asks for the first one as who the agent is without (its pod's account, or a bootstrap
/// kubeconfig), and for each next one with the one before. The key never leaves the host.
/// </summary>
internal sealed class HostIdentity(string nodeName, StateDirectory state, ICertificateIssuer issuer, TimeSpan lifetime, TimeProvider time, ILogger<HostIdentity> logger)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(5);

    /// <summary>A certificate that ends this soon is of no use.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    /// <summary>The file.</summary>
    public string File => FileIn(state);

    /// <summary>The file of a state directory.</summary>
    public static string FileIn(StateDirectory state) => state.FileOf("client.pem");

    /// <summary>The same API server, as the host itself.</summary>
    public static KubernetesConfig Own(KubernetesConfig bootstrap, StateDirectory state) => new()
    {
        Server = bootstrap.Server,
        TlsServerName = bootstrap.TlsServerName,
        CertificateAuthority = bootstrap.CertificateAuthority,
        ClientCertificate = PemSource.FromFile(FileIn(state)),
        ClientKey = PemSource.FromFile(FileIn(state)),
        Namespace = bootstrap.Namespace,
        Proxy = bootstrap.Proxy,
        SkipTlsVerify = bootstrap.SkipTlsVerify,
        AllowInsecure = bootstrap.AllowInsecure,
        Source = FileIn(state),
    };

    /// <summary>Waits until there is a certificate that is valid.</summary>
    public async Task EstablishAsync(CancellationToken cancel)
    {
        if (Current() is { } found && found.NotAfter - Margin > time.GetUtcNow())
            return;
        for (var wait = FirstRetry; !await TryIssueAsync(asBootstrap: true, cancel); wait = Longer(wait))
            await Task.Delay(wait, time, cancel);
    }

    /// <summary>Renews until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var wait = FirstRetry;
        var failed = false;
        try
        {
            while (true)
            {
                var current = Current();
                var due = (current?.RenewAt ?? default) - time.GetUtcNow();
                if (due > TimeSpan.Zero)
                {
                    // Hosts that came up together do not ask together.
                    await Task.Delay(due + (Random.Shared.NextDouble() * (current!.NotAfter - current.RenewAt) / 10), time, stop);
                    continue;
                }

                // The old certificate proves the host; one that has ended, or is refused, proves nothing, and the pod's account is asked again.
                var ended = current is null || current.NotAfter - Margin <= time.GetUtcNow();
                if (await TryIssueAsync(asBootstrap: ended || failed, stop))
                {
                    (wait, failed) = (FirstRetry, false);
                    continue;
                }

                failed = !failed;
                await Task.Delay(wait, time, stop);
                wait = Longer(wait);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    private HostCertificate? Current()
    {
        if (!System.IO.File.Exists(File))
            return null;
        try
        {
            return HostCertificate.Read(System.IO.File.ReadAllText(File), nodeName, new DateTimeOffset(System.IO.File.GetLastWriteTimeUtc(File)));
        }
        catch (InvalidDataException error)
        {
            LogMessages.CertificateUnusable(logger, File, error.Message);
            return null;
        }
    }

    private async Task<bool> TryIssueAsync(bool asBootstrap, CancellationToken cancel)
    {
        try
        {
            var (key, request) = HostCertificate.NewRequest(nodeName);
            var pem = await issuer.IssueAsync(request, lifetime, asBootstrap, cancel) + key;
            var issued = HostCertificate.Read(pem, nodeName, time.GetUtcNow());
            DurableFile.Write(File, Encoding.ASCII.GetBytes(pem));
            LogMessages.CertificateIssued(logger, nodeName, issued.NotAfter, issued.RenewAt);
            return true;
        }
        catch (Exception error) when (error is CertificateRefusedException or KubernetesException or KubernetesConnectionException or KubernetesConfigException or InvalidDataException or IOException)
        {
            LogMessages.CertificateNotIssued(logger, nodeName, error.Message);
            return false;
        }
    }

    private static TimeSpan Longer(TimeSpan wait) => wait * 2 < LongestRetry ? wait * 2 : LongestRetry;
}
