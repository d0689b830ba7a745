using System.Globalization;

namespace Kilonova.Integration.Cluster;

/// <summary>A host as its administrator sees it: processes, files and libvirt, not the API.</summary>
public sealed class TestHost(TestCluster cluster, string name)
{
    /// <summary>Name of the Hypervisor.</summary>
    public string Name => name;

    /// <summary>Folder that the agent calls its state directory.</summary>
    public string State => Path.Combine(cluster.Directory, "hosts", name, "var/lib/kilonova");

    /// <summary>What libvirt calls its domains, running or not.</summary>
    public async Task<IReadOnlyList<string>> DomainsAsync(bool all = true) =>
        (await VirshAsync(all ? ["list", "--all", "--name"] : ["list", "--name"])).Ensured.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Runs virsh on the host.</summary>
    public Task<CommandResult> VirshAsync(params string[] arguments) => ExecAsync(["virsh", "-q", .. arguments]);

    /// <summary>Runs a command on the host.</summary>
    public Task<CommandResult> ExecAsync(params string[] arguments) =>
        Shell.RunAsync(Path.Combine(TestCluster.Repository, "tests/hosts/run"), ["exec", Path.Combine(cluster.Directory, "hosts"), name, .. arguments]);

    /// <summary>Pid of the QEMU of each running domain, by the domain's UUID.</summary>
    public async Task<IReadOnlyDictionary<string, int>> QemuPidsAsync()
    {
        var here = (await ExecAsync("readlink", "/proc/self/ns/net")).Ensured.Trim();
        var pids = new Dictionary<string, int>();
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out var pid))
                continue;
            try
            {
                var command = (await File.ReadAllTextAsync($"{process}/cmdline")).Split('\0');
                if (!command[0].Contains("qemu-system", StringComparison.Ordinal) || new FileInfo($"{process}/ns/net").LinkTarget != here)
                    continue;
                pids[command[Array.IndexOf(command, "-uuid") + 1]] = pid;
            }
            catch (IOException)
            {
                // It ended between the listing and the reading.
            }
        }

        return pids;
    }

    /// <summary>What a guest wrote to its serial console; empty before it wrote anything.</summary>
    public string Console(string instanceID)
    {
        var file = Path.Combine(State, "instances", instanceID, "console.log");
        return File.Exists(file) ? File.ReadAllText(file) : string.Empty;
    }
}
