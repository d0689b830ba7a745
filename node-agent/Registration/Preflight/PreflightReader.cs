using System.Globalization;
using System.Text.Json;
using Kilonova.Crds;

namespace Kilonova.NodeAgent.Registration.Preflight;

/// <summary>Reads the facts of the checks.</summary>
/// <param name="root">Where the host's root is: <c>/</c>, or where a container has it mounted.</param>
internal sealed class PreflightReader(string root)
{
    /// <summary>Reads them. What is not there, or may not be read, is a fact too.</summary>
    public PreflightFacts Read() => new()
    {
        HugePages = HugePages(),
        HugePagesMounted = Text("proc/mounts")?.Split('\n').Any(line => line.Split(' ') is [_, _, "hugetlbfs", ..]) == true,
        CgroupControllers = CgroupControllers(),
        Kubelet = Kubelet(),
        Clock = KernelClock.Read(),
        LibvirtGuestsStarts = LibvirtGuestsStarts(),
    };

    // sysfs-devices-system-node: one directory for each cell and size.
    private List<HugePages> HugePages()
    {
        var found = new List<HugePages>();
        foreach (var cell in Entries("sys/devices/system/node"))
        {
            if (Number(cell, "node", "") is not { } node)
                continue;
            foreach (var size in Entries($"sys/devices/system/node/{cell}/hugepages"))
            {
                if (Number(size, "hugepages-", "kB") is { } kib && long.TryParse(Text($"sys/devices/system/node/{cell}/hugepages/{size}/nr_hugepages"), CultureInfo.InvariantCulture, out var count))
                    found.Add(new HugePages { Node = (int)node, SizeKiB = kib, Count = count });
            }
        }

        return found;
    }

    // Version 2 names them in a file; version 1 has a directory for each, or for several together (cpu,cpuacct). A hybrid has both.
    private HashSet<string>? CgroupControllers()
    {
        if (!Directory.Exists(Path("sys/fs/cgroup")))
            return null;
        var unified = Text("sys/fs/cgroup/cgroup.controllers");
        var names = unified?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            ?? Entries("sys/fs/cgroup").SelectMany(name => name.Split(','));
        return names.ToHashSet(StringComparer.Ordinal);
    }

    private KubeletFacts? Kubelet()
    {
        var cpu = Text("var/lib/kubelet/cpu_manager_state");
        var memory = Text("var/lib/kubelet/memory_manager_state");
        return cpu is null && memory is null && Text("var/lib/kubelet/config.yaml") is null
            ? null
            : new KubeletFacts(cpu is null ? "none" : Policy(cpu), memory is null ? null : Policy(memory));
    }

    private static string? Policy(string state)
    {
        try
        {
            using var document = JsonDocument.Parse(state);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("policyName", out var name) && name.ValueKind == JsonValueKind.String
                ? name.GetString()
                : null;
        }
        catch (JsonException)
        {
            // Being written, or of a kubelet that this agent does not know: what it says is not known.
            return null;
        }
    }

    // Debian's and Red Hat's place of its settings. ON_BOOT is «start» unless something else is said.
    private bool LibvirtGuestsStarts()
    {
        if (!Entries("etc/systemd/system/multi-user.target.wants").Contains("libvirt-guests.service"))
            return false;
        var settings = Text("etc/default/libvirt-guests") ?? Text("etc/sysconfig/libvirt-guests") ?? "";
        var said = settings.Split('\n').Select(line => line.Trim()).LastOrDefault(line => line.StartsWith("ON_BOOT=", StringComparison.Ordinal));
        return said is null || said["ON_BOOT=".Length..].Trim('"', '\'') != "ignore";
    }

    private string Path(string path) => System.IO.Path.Combine(root, path);

    private IEnumerable<string> Entries(string directory) =>
        Directory.Exists(Path(directory)) ? Directory.EnumerateFileSystemEntries(Path(directory)).Select(entry => System.IO.Path.GetFileName(entry)!).Order(StringComparer.Ordinal) : [];

    private string? Text(string path)
    {
        try
        {
            return File.ReadAllText(Path(path));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long? Number(string name, string before, string after) =>
        name.StartsWith(before, StringComparison.Ordinal) && name.EndsWith(after, StringComparison.Ordinal) && name.Length > before.Length + after.Length
        && long.TryParse(name.AsSpan(before.Length, name.Length - before.Length - after.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
