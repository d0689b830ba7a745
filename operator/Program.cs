using System.Runtime.InteropServices;
using Kilonova.Operator;
using Kilonova.Operator.Scheduling;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

var configuration = new ConfigurationBuilder().AddEnvironmentVariables("KILONOVA_").AddCommandLine(args).Build();
var (scheduler, error) = ConfigurationFile.Read(configuration["scheduler-config"]);
if (scheduler is null)
{
    await Console.Error.WriteLineAsync(error);
    return 2;
}

var settings = new OperatorSettings();
settings = settings with
{
    Kubeconfig = configuration["kubeconfig"],
    Namespace = configuration["namespace"] ?? settings.Namespace,
    Identity = configuration["identity"],
    Listen = configuration["listen"] ?? settings.Listen,
    AgentAccount = configuration["agent-account"] ?? settings.AgentAccount,
    Workers = configuration.GetValue("workers", settings.Workers),
    Resync = configuration["resync"] is { } seconds ? TimeSpan.FromSeconds(double.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture)) : settings.Resync,
    Scheduler = scheduler,
};

using var logs = LoggerFactory.Create(logging => logging
    .SetMinimumLevel(configuration.GetValue("log-level", LogLevel.Information))
    .AddJsonConsole(console => console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"));
using var stop = new CancellationTokenSource();
using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
return await OperatorProcess.RunAsync(settings, logs, stop.Token);

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
