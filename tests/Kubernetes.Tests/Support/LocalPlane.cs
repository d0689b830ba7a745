using System.Diagnostics;

namespace Kilonova.Kubernetes.Tests.Support;

/// <summary>A control plane of one test's own, started by <c>tests/control-plane/run</c>.</summary>
internal sealed class LocalPlane : IAsyncDisposable
{
    private const int Unavailable = 75;
    private const int Refused = 77;

    private readonly string _directory;

    private LocalPlane(string directory) => _directory = directory;

    public string Kubeconfig => Path.Combine(_directory, "admin.kubeconfig");

    /// <summary>Starts one, building it first if need be; without one, says why there cannot be one here.</summary>
    public static async Task<(LocalPlane? Plane, string Reason)> TryStartAsync()
    {
        if (!File.Exists(Script()))
            return (null, $"no API server: {Script()} does not exist");
        var plane = new LocalPlane(Path.Combine(Path.GetTempPath(), $"kilonova-kubernetes-tests-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..6]}"));
        var (code, output) = await RunAsync(["up", plane._directory]);
        return code switch
        {
            0 => (plane, ""),
            Unavailable => (null, $"no API server: {output.Trim().Split('\n')[^1]}"),
            _ => throw new InvalidOperationException($"the control plane does not start ({code}): {output}"),
        };
    }

    /// <summary>Another command on it; skips the test when this is no plane of which that can be asked, such as to die.</summary>
    public async Task RunAsync(string command)
    {
        var (code, output) = await RunAsync([command, _directory]);
        Assert.SkipWhen(code == Refused, output.Trim());
        Assert.True(code == 0, $"run {command}: {output}");
    }

    public async ValueTask DisposeAsync() => await RunAsync("down");

    private static string Script()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Operator.sln")))
            folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? "", "tests", "control-plane", "run");
    }

    private static async Task<(int Code, string Output)> RunAsync(IReadOnlyList<string> arguments)
    {
        // To a file: the processes that the script leaves running inherit its output.
        var log = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" >" + log + " 2>&1", Script(), .. arguments]);
            using var process = Process.Start(start)!;
            await process.WaitForExitAsync();
            return (process.ExitCode, await File.ReadAllTextAsync(log));
        }
        finally
        {
            File.Delete(log);
        }
    }
}
