using System.Diagnostics;
using System.Reflection;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;

namespace Kilonova.Operator.Tests.Live;

/// <summary>A real API server with etcd and our kinds, for one test class; skipped with the reason where it cannot be had.</summary>
public sealed class ControlPlane : IAsyncLifetime
{
    // Exit codes of tests/control-plane/run: no such control plane can be had here; this one cannot do that.
    private const int Unavailable = 75;
    private const int Refused = 77;
    private static readonly string Repository = typeof(ControlPlane).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;
    private readonly string _folder = Directory.CreateTempSubdirectory("kilonova-operator-").FullName;
    private string? _absent;

    public string Kubeconfig => Path.Combine(_folder, "plane", "admin.kubeconfig");

    /// <summary>Credentials with the operator's own permissions, and no others.</summary>
    public string OperatorKubeconfig => Path.Combine(_folder, "plane", "kilonova-operator.kubeconfig");

    /// <summary>A client with all rights, or a skipped test.</summary>
    public KubernetesClient Client()
    {
        Assert.SkipWhen(_absent is not null, _absent ?? "");
        return new KubernetesClient(KubernetesConfig.Load(new KubernetesConfigOptions { Path = Kubeconfig }), new KubernetesClientOptions { Component = "test", MaxInFlight = 128 });
    }

    public async ValueTask InitializeAsync()
    {
        // Each class runs operators of its own, with hollow hosts, at the same time as others; in one cluster they would contend.
        if ((await RunAsync("provider")).Output.Trim() == "existing")
        {
            _absent = "the operator's live tests need an API server of their own, not an existing cluster";
            return;
        }

        var (code, output) = await RunAsync("up", Path.Combine(_folder, "plane"));
        if (code == Unavailable)
        {
            _absent = $"no API server: {output.Trim().Split('\n')[^1]}";
            return;
        }

        if (code != 0)
            throw new InvalidOperationException($"the control plane does not start ({code}): {output}");

        await KubectlAsync("apply", "--server-side", "-f", Path.Combine(Repository, "crds/manifests"), "-f", Path.Combine(Repository, "operator/manifests"));
        await RunAsync("user", Path.Combine(_folder, "plane"), "kilonova:operator", "kilonova:operators");
        await KubectlAsync("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all");
    }

    /// <summary>Credentials of a user, by certificate.</summary>
    /// <returns>Path of the kubeconfig.</returns>
    public async Task<string> UserAsync(string name, string group)
    {
        var (code, output) = await RunAsync("user", Path.Combine(_folder, "plane"), name, group);
        return code == 0 ? output.Trim() : throw new InvalidOperationException(output);
    }

    /// <summary>Kills or restarts a part of the control plane.</summary>
    public async Task PlaneAsync(string command)
    {
        var (code, output) = await RunAsync(command, Path.Combine(_folder, "plane"));
        Assert.SkipWhen(code == Refused, output.Trim());
        if (code != 0)
            throw new InvalidOperationException($"{command}: {output}");
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("down", Path.Combine(_folder, "plane"));
        Directory.Delete(_folder, recursive: true);
    }

    private async Task KubectlAsync(params string[] arguments)
    {
        var (code, output) = await RunAsync(["kubectl", Path.Combine(_folder, "plane"), .. arguments]);
        if (code != 0)
            throw new InvalidOperationException($"kubectl {string.Join(' ', arguments)}: {output}");
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(Repository, "tests/control-plane/run"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }
}
