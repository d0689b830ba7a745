using System.Reflection;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;

namespace Kilonova.Integration.Cluster;

/// <summary>What a cluster is made of.</summary>
/// <param name="Hosts">Hosts with QEMU, named <c>node-a</c>, <c>node-b</c>, ….</param>
/// <param name="TestHosts">Hosts on libvirt's test driver, named <c>test-a</c>, ….</param>
/// <param name="Operators">Operators, of which one leads.</param>
/// <param name="AgentArguments">Further options of every agent.</param>
/// <param name="Watched">
/// Whether <see cref="LiveInvariants"/> watch it, and fail the test at its end; not for tests that break them by hand. Without an operator there is nothing to judge.
/// </param>
public sealed record ClusterShape(int Hosts = 2, int TestHosts = 0, int Operators = 1, string AgentArguments = "", bool Watched = true);

/// <summary>A whole cluster with real parts, started and stopped by <c>tests/local-cluster</c>.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    // Exit codes of tests/control-plane/run and tests/local-cluster: no such cluster can be had here; this one cannot do that.
    private const int Unavailable = 75;
    private const int Refused = 77;

    internal static readonly string Repository = typeof(TestCluster).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    private readonly ClusterShape shape;
    private LiveInvariants? live;

    private TestCluster(string directory, ClusterShape shape)
    {
        Directory = directory;
        this.shape = shape;
        Kubectl = new Kubectl(Path.Combine(directory, "kubectl"), Path.Combine(directory, "admin.kubeconfig"));
    }

    /// <summary>Folder of the cluster: pid files, logs, credentials, and what the hosts have on disk.</summary>
    public string Directory { get; }

    /// <summary>kubectl as administrator.</summary>
    public Kubectl Kubectl { get; }

    /// <summary>Names of the hosts.</summary>
    public IReadOnlyList<string> Hosts => [.. Names("node", shape.Hosts), .. Names("test", shape.TestHosts)];

    /// <summary>The hosts.</summary>
    public TestHost Host(string name) => new(this, name);

    /// <summary>Starts a cluster and waits until every host is Ready; skips the test, with the reason, where there can be none like it.</summary>
    public static async Task<TestCluster> StartAsync(ClusterShape shape)
    {
        var (cluster, reason) = await TryStartAsync(shape);
        Assert.SkipWhen(cluster is null, reason);
        return cluster;
    }

    /// <summary>Starts a cluster and waits until every host is Ready; without one, says why there can be none like it here.</summary>
    public static async Task<(TestCluster? Cluster, string Reason)> TryStartAsync(ClusterShape shape)
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("kilonova-").FullName;
        var cluster = new TestCluster(directory, shape);
        try
        {
            var up = await cluster.RunScriptAsync(
                "up", "--hosts", $"{shape.Hosts}", "--test-hosts", $"{shape.TestHosts}", "--operators", $"{shape.Operators}",
                "--agent-args", shape.AgentArguments);
            if (Cannot(up))
            {
                await cluster.DisposeAsync();
                return (null, Reason(up));
            }

            _ = up.Ensured;
            if (shape is { Watched: true, Operators: > 0 })
                cluster.live = await LiveInvariants.StartAsync(cluster);
            return (cluster, "");
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client with the administrator's credentials.</summary>
    public KubernetesClient Connect() => new(KubernetesConfig.Load(new() { Path = Kubectl.Kubeconfig }), new() { Component = "tests" });

    /// <summary>Starts <c>operator-N</c>, <c>agent-HOST</c>, <c>libvirtd-HOST</c>, <c>api</c> or <c>etcd</c>.</summary>
    public Task StartAsync(string component) => ScriptAsync("start", component);

    /// <summary>Ends a component as a crash would, or by the signal that is named.</summary>
    public Task KillAsync(string component, string signal = "KILL") => ScriptAsync("kill", component, signal);

    /// <summary>What a component has logged.</summary>
    public string Log(string component) => File.ReadAllText(Path.Combine(Directory, "log", $"{component}.log"));

    /// <summary>The disk image that test guests boot.</summary>
    public static async Task<string> GuestImageAsync()
    {
        var built = await Shell.RunAsync(Path.Combine(Repository, "tests/guest-image/build.sh"), []);
        return built.Ensured.Split('\n').Single(l => l.StartsWith("qcow2=", StringComparison.Ordinal))["qcow2=".Length..];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (live is not null)
                await live.DisposeAsync();
        }
        finally
        {
            await DownAsync();
        }
    }

    private async Task DownAsync()
    {
        if (Environment.GetEnvironmentVariable("KILONOVA_KEEP") is not { Length: > 0 })
            await ScriptAsync("down");
    }

    internal async Task<CommandResult> ScriptAsync(string command, params string[] arguments)
    {
        var result = await RunScriptAsync(command, arguments);
        Assert.SkipWhen(Cannot(result), Reason(result));
        _ = result.Ensured;
        return result;
    }

    private Task<CommandResult> RunScriptAsync(string command, params string[] arguments) =>
        Shell.RunAsync(Path.Combine(Repository, "tests/local-cluster"), [command, Directory, .. arguments], limit: TimeSpan.FromMinutes(5));

    private static bool Cannot(CommandResult result) => result.ExitCode is Unavailable or Refused;

    private static string Reason(CommandResult result) => result.Error.Trim().Split('\n')[^1];

    private static IEnumerable<string> Names(string prefix, int count) => Enumerable.Range(0, count).Select(i => $"{prefix}-{(char)('a' + i)}");
}
