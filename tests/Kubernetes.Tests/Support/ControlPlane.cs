using System.Diagnostics;
using System.Text.Json;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Core;
using Kilonova.Kubernetes.Tests.Support;

[assembly: AssemblyFixture(typeof(ControlPlane))]

namespace Kilonova.Kubernetes.Tests.Support;

/// <summary>
/// A real API server for this run: the one that <c>KILONOVA_TEST_KUBECONFIG</c> names, else a local control plane of its own,
/// started when the first test needs it. Tests that need one are skipped, with the reason, where there is none.
/// </summary>
public sealed class ControlPlane : IAsyncDisposable
{
    private const int PackagesUnavailable = 75;

    private readonly Lazy<Task<(string? Kubeconfig, string Reason)>> _start;
    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"kilonova-kubernetes-tests-{Environment.ProcessId}");
    private bool _own;

    public ControlPlane() => _start = new(StartAsync);

    /// <summary>A client for administrators; skips the test when there is no API server.</summary>
    internal async Task<KubernetesClient> ClientAsync(Func<KubernetesClientOptions, KubernetesClientOptions>? change = null)
    {
        var (kubeconfig, reason) = await _start.Value;
        if (kubeconfig is null)
            Assert.Skip(reason);
        var options = new KubernetesClientOptions { Component = "kilonova-tests" };
        return new KubernetesClient(KubernetesConfig.Load(new() { Path = kubeconfig }), change?.Invoke(options) ?? options);
    }

    /// <summary>A new namespace.</summary>
    internal static async Task<string> NamespaceAsync(KubernetesClient client)
    {
        var created = await client.Resource(CoreResources.Namespaces).CreateAsync(new Namespace { Metadata = new() { Name = $"t-{Guid.NewGuid().ToString("N")[..10]}" } });
        return created.Metadata.Name!;
    }

    /// <summary>Installs the Widget kind and waits until it is served.</summary>
    internal static async Task<Resource<Widget>> WidgetsAsync(KubernetesClient client)
    {
        var crd = JsonSerializer.Deserialize(Widget.Definition, CoreJson.Default.CustomResourceDefinition)!;
        await client.Resource(CoreResources.CustomResourceDefinitions).ApplyAsync(crd, ApplyTarget.CreateOrUpdate, force: true);
        var widgets = client.Resource(Widget.Type);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await widgets.ListAsync(WatchScope.AllNamespaces);
                    return true;
                }
                catch (KubernetesException e) when (e.IsNotFound)
                {
                    return false;
                }
            },
            "the Widget kind is served");
        return widgets;
    }

    /// <summary>Whether this run may kill the API server.</summary>
    internal async Task<bool> IsOwnAsync()
    {
        await _start.Value;
        return _own;
    }

    internal Task ScriptAsync(params string[] arguments) => RunAsync([arguments[0], _directory, .. arguments.Skip(1)]);

    public async ValueTask DisposeAsync()
    {
        if (_own)
            await ScriptAsync("down");
    }

    private static string Script()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Operator.sln")))
            folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? "", "tests", "control-plane", "run");
    }

    private static async Task<(int Code, string Output)> RunAsync(IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(Script(), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    private async Task<(string? Kubeconfig, string Reason)> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("KILONOVA_TEST_KUBECONFIG") is { Length: > 0 } given)
            return (given, "");
        if (!File.Exists(Script()))
            return (null, $"no API server: KILONOVA_TEST_KUBECONFIG is not set and {Script()} does not exist");
        var (code, output) = await RunAsync(["up", _directory]);
        if (code == PackagesUnavailable)
            return (null, $"no API server: the local control plane cannot be built here: {output.Trim()}");
        if (code != 0)
            throw new InvalidOperationException($"the local control plane does not start ({code}): {output}");
        _own = true;
        return (Path.Combine(_directory, "admin.kubeconfig"), "");
    }
}
