using System.CommandLine;
using System.Runtime.InteropServices;
using Kilonova.Kubernetes.Config;
using Kilonova.NodeAgent;
using Kilonova.NodeAgent.Identity;
using Kilonova.NodeAgent.State;
using Microsoft.Extensions.Logging;

ProcessMemory.ShareArenas();
return await CommandLine.Root(RunAsync).Parse(args).InvokeAsync();

static async Task<int> RunAsync(AgentOptions options, LogFormat format, LogLevel level, CancellationToken cancel)
{
    using var loggers = LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(level);
        if (format == LogFormat.Json)
            logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"));
        else
            logging.AddSimpleConsole(console => (console.SingleLine, console.UseUtcTimestamp, console.TimestampFormat) = (true, true, "HH:mm:ss.fff "));
    });
    using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
    {
        signal.Cancel = true;
        stop.Cancel();
    });
    try
    {
        var config = KubernetesConfig.Load(new KubernetesConfigOptions { Path = options.Kubeconfig });
        HostIdentity? identity = null;
        if (options.RequestCertificate)
        {
            var state = new StateDirectory(options.StateDirectory);
            var own = HostIdentity.Own(config, state);
            var issuer = new SigningRequests(options.NodeName, config, own, TimeProvider.System, loggers);
            identity = new HostIdentity(options.NodeName, state, issuer, options.CertificateLifetime, TimeProvider.System, loggers.CreateLogger<HostIdentity>());
            await identity.EstablishAsync(stop.Token);
            config = own;
        }

        await using var agent = new AgentService(options, config, identity, loggers);
        await agent.RunAsync(stop.Token);
        return 0;
    }
    catch (OperationCanceledException) when (stop.IsCancellationRequested)
    {
        return 0;
    }
    catch (Exception error) when (error is not OutOfMemoryException)
    {
        loggers.CreateLogger("Kilonova.NodeAgent").LogCritical(error, "the agent ends");
        return 1;
    }
}
