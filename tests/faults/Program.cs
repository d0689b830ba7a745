using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Kilonova.Faults;
using Kilonova.Kubernetes.Config;

const string Usage = """
    Kilonova.Faults api     --kubeconfig FILE --write-kubeconfig FILE --control SOCKET [--listen ADDRESS:PORT] [--name NAME]… [--seed N]
    Kilonova.Faults libvirt --target SOCKET --listen SOCKET --control SOCKET [--seed N]

    api: stands before the API server of a kubeconfig, with that file's identity; the component under test gets the file written.
    libvirt: stands before libvirtd's socket. Prints "ready" when it serves; ends at SIGTERM. Faults: see ControlServer.
    """;

using var stop = new CancellationTokenSource();
using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
try
{
    var options = args.Skip(1).Chunk(2).ToLookup(pair => pair[0], pair => pair.Length == 2 ? pair[1] : throw new ArgumentException($"{pair[0]} needs a value"));
    var seed = options["--seed"].LastOrDefault() is { } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : 0;
    switch (args.FirstOrDefault())
    {
        case "api":
            var listen = options["--listen"].LastOrDefault() is { } address ? IPEndPoint.Parse(address) : null;
            await using (var api = await ApiProxy.StartAsync(KubernetesConfig.Load(new() { Path = Required("--kubeconfig") }), listen, seed, [.. options["--name"]]))
            {
                await api.WriteKubeconfigAsync(Required("--write-kubeconfig"));
                await ServeAsync(Required("--control"), api.Connections, api);
            }

            return 0;
        case "libvirt":
            await using (var bytes = ByteProxy.Start(new UnixDomainSocketEndPoint(Required("--listen")), new UnixDomainSocketEndPoint(Required("--target")), seed))
                await ServeAsync(Required("--control"), bytes, null);
            return 0;
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }

    string Required(string name) => options[name].LastOrDefault() ?? throw new ArgumentException($"{name} is needed");
}
catch (Exception e) when (e is ArgumentException or FormatException or KubernetesConfigException or SocketException)
{
    Console.Error.WriteLine($"{e.Message}\n\n{Usage}");
    return 2;
}

async Task ServeAsync(string control, ByteProxy connections, ApiProxy? api)
{
    await using var server = await ControlServer.StartAsync(control, connections, api);
    Console.WriteLine($"ready at {connections.Endpoint}");
    await Task.Delay(Timeout.Infinite, stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
