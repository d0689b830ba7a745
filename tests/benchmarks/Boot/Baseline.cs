using System.Diagnostics;
using System.Xml.Linq;
using Kilonova.Libvirt.Domains;

namespace Kilonova.Benchmarks.Boot;

/// <summary>What is compared with: the same domain, by libvirt alone. Its disks are there before the clock starts.</summary>
/// <param name="host">The host that a guest of ours ran on.</param>
/// <param name="template">That guest's inactive XML.</param>
/// <param name="instanceID">That guest.</param>
/// <param name="configDrive">A copy of its config drive.</param>
internal sealed class Baseline(BenchHost host, string template, string instanceID, byte[] configDrive)
{
    private const string State = "/var/lib/kilonova";

    /// <summary>Times of one guest.</summary>
    public sealed record Times(TimeSpan Define, TimeSpan Start, TimeSpan? Console)
    {
        public TimeSpan Running => Define + Start;
    }

    /// <summary>Defines and starts a guest, waits for its first line if asked to, and removes it.</summary>
    public async Task<Times> RunAsync(bool listens)
    {
        var uuid = Guid.NewGuid();
        var files = $"{State}/baseline/{uuid:D}";
        var outside = Path.Combine(host.Host.State, "baseline", $"{uuid:D}");
        Directory.CreateDirectory(outside);
        await File.WriteAllBytesAsync(Path.Combine(outside, "config.iso"), configDrive);
        var image = Directory.EnumerateFiles(Path.Combine(host.Host.State, "images")).Single(path => Path.GetExtension(path).Length == 0);
        _ = (await host.Host.ExecAsync("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", $"{State}/images/{Path.GetFileName(image)}", $"{files}/root.qcow2", "1G")).Ensured;
        var xml = Xml(uuid, files);

        var began = Stopwatch.GetTimestamp();
        await host.Libvirt.Domains.DefineAsync(xml);
        var defined = Stopwatch.GetTimestamp();
        await host.Libvirt.Domains.StartAsync(uuid);
        var started = Stopwatch.GetTimestamp();
        TimeSpan? console = null;
        if (listens)
        {
            await BenchHost.SpokenAsync(Path.Combine(outside, "console.log"));
            console = Stopwatch.GetElapsedTime(began);
        }

        await host.Libvirt.Domains.DestroyAsync(uuid);
        await host.Libvirt.Domains.UndefineAsync(uuid, DomainUndefineFlags.Everything);
        Directory.Delete(outside, recursive: true);
        return new Times(Stopwatch.GetElapsedTime(began, defined), Stopwatch.GetElapsedTime(defined, started), console);
    }

    // Another name, UUID, disks, console and MAC; our metadata stays as it is, and so tells the agent that the domain is not one of its own.
    private string Xml(Guid uuid, string files)
    {
        var domain = XElement.Parse(template);
        var own = $"{State}/instances/{instanceID}";
        foreach (var element in domain.Elements().Where(e => e.Name != "metadata").SelectMany(e => e.DescendantsAndSelf()))
        {
            if (!element.HasElements && element.Value.Contains(instanceID, StringComparison.Ordinal))
                element.Value = element.Value.Replace(instanceID, uuid.ToString("D"), StringComparison.Ordinal);
            foreach (var attribute in element.Attributes().Where(a => a.Value.StartsWith(own, StringComparison.Ordinal)))
                attribute.Value = FileOf(element, attribute.Value, files);
        }

        domain.Element("name")!.Value = $"baseline-{uuid:D}";
        foreach (var mac in domain.Descendants("mac"))
            mac.SetAttributeValue("address", $"52:54:00:{uuid.ToByteArray()[0]:x2}:{uuid.ToByteArray()[1]:x2}:{uuid.ToByteArray()[2]:x2}");
        return domain.ToString();
    }

    private static string FileOf(XElement element, string file, string files) => element switch
    {
        { Name.LocalName: "log" } => $"{files}/console.log",
        { Name.LocalName: "source" } when element.Parent?.Attribute("device")?.Value == "cdrom" => $"{files}/config.iso",
        { Name.LocalName: "source" } when element.Parent?.Name == "disk" => $"{files}/root.qcow2",
        _ => throw new InvalidOperationException($"{element} names {file}, of which the baseline knows nothing."),
    };
}
