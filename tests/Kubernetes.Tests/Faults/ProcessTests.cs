using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Kilonova.Faults;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.Faults;

/// <summary>The proxies as processes, told what to do over their control sockets.</summary>
public sealed class ProcessTests(ControlPlane plane) : IDisposable
{
    private Process? _process;

    private readonly string _folder = Directory.CreateTempSubdirectory("kilonova-faults-").FullName;

    public void Dispose()
    {
        if (_process is { HasExited: false })
            _process.Kill();
        _process?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string In(string name) => Path.Combine(_folder, name);

    private HttpClient Control() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(In("control")), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    { BaseAddress = new Uri("http://control") };

    private async Task StartAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? Environment.ProcessPath : "dotnet", [typeof(ApiProxy).Assembly.Location, .. arguments]) { RedirectStandardOutput = true };
        _process = Process.Start(start)!;
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Eventually.Limit);
        Assert.StartsWith("ready at ", line, StringComparison.Ordinal);
    }

    private async Task EndAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process!.Id}"]);
        await _process.WaitForExitAsync().WaitAsync(Eventually.Limit);
        Assert.Equal(0, _process.ExitCode);
    }

    [Fact]
    public async Task The_api_proxy_writes_a_kubeconfig_and_takes_rules()
    {
        var target = await plane.ConfigAsync();
        await StartAsync("api", "--kubeconfig", target.Source.Split(',')[0], "--write-kubeconfig", In("kubeconfig"), "--control", In("control"), "--seed", "5");
        using var client = ControlPlane.Client(KubernetesConfig.Load(new() { Path = In("kubeconfig") }), o => o with { MaxAttempts = 1 });
        using var control = Control();
        await client.CheckReadyAsync();

        using var rules = new StringContent("""[{"fault":"Error","code":429,"retryAfter":2,"verbs":["get"],"resources":["/version"]}]""");
        using var put = await control.PutAsync(new Uri("/rules", UriKind.Relative), rules);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        var error = await Assert.ThrowsAsync<KubernetesException>(() => client.GetVersionAsync());
        Assert.Equal(TimeSpan.FromSeconds(2), error.RetryAfter);
        using var report = JsonDocument.Parse(await control.GetStringAsync(new Uri("/", UriKind.Relative)));
        Assert.Equal((5, 1), (report.RootElement.GetProperty("seed").GetInt32(), report.RootElement.GetProperty("injected").GetProperty("Error").GetInt32()));

        using var wrong = await control.PutAsync(new Uri("/rules", UriKind.Relative), new StringContent("""[{"fault":"Error","verb":"get"}]"""));
        Assert.Equal(400, (int)wrong.StatusCode);
        using var deleted = await control.DeleteAsync(new Uri("/rules", UriKind.Relative));
        await client.GetVersionAsync();
        await EndAsync();
    }

    [Fact]
    public async Task The_libvirt_proxy_passes_bytes_until_it_is_told_to_stall()
    {
        using var target = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        target.Bind(new UnixDomainSocketEndPoint(In("target")));
        target.Listen();
        await StartAsync("libvirt", "--target", In("target"), "--listen", In("listen"), "--control", In("control"));
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(In("listen")));
        using var server = await target.AcceptAsync();
        var buffer = new byte[10];
        await client.SendAsync(Encoding.ASCII.GetBytes("hello"));
        Assert.Equal(5, await server.ReceiveAsync(buffer));

        using var control = Control();
        Assert.True((await control.PostAsync(new Uri("/stall", UriKind.Relative), null)).IsSuccessStatusCode);
        await client.SendAsync(Encoding.ASCII.GetBytes("anyone?"));
        var silent = server.ReceiveAsync(buffer);
        Assert.True((await control.PostAsync(new Uri("/latency?ms=1", UriKind.Relative), null)).IsSuccessStatusCode);
        Assert.False(silent.IsCompleted);
        Assert.True((await control.PostAsync(new Uri("/cut", UriKind.Relative), null)).IsSuccessStatusCode);
        Assert.Equal(0, await silent.WaitAsync(Eventually.Limit));
        await EndAsync();
    }
}
