using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml;

/// <summary>CPU shares, limits and pins (<c>&lt;cputune&gt;</c>).</summary>
public sealed record CpuTune
{
    /// <summary>Weight against other guests.</summary>
    public long? Shares { get; init; }

    /// <summary>Period of the limit, µs.</summary>
    public long? PeriodMicroseconds { get; init; }

    /// <summary>CPU time per virtual CPU and period, µs; negative is no limit.</summary>
    public long? QuotaMicroseconds { get; init; }

    /// <summary>Pins of virtual CPUs.</summary>
    public IReadOnlyList<CpuPin> VirtualCpuPins { get; init; } = [];

    /// <summary>Host CPUs of the emulator's threads, as a CPU list.</summary>
    public string? EmulatorPin { get; init; }

    /// <summary>Pins of I/O threads.</summary>
    public IReadOnlyList<CpuPin> IoThreadPins { get; init; } = [];

    /// <summary>Real-time scheduling.</summary>
    public IReadOnlyList<CpuScheduler> Schedulers { get; init; } = [];

    internal XElement ToXml() => new(
        "cputune",
        Element("shares", Shares),
        Element("period", PeriodMicroseconds),
        Element("quota", QuotaMicroseconds),
        VirtualCpuPins.Select(pin => new XElement("vcpupin", Attribute("vcpu", pin.Number), Attribute("cpuset", pin.CpuSet))),
        IfAny("emulatorpin", Attribute("cpuset", EmulatorPin)),
        IoThreadPins.Select(pin => new XElement("iothreadpin", Attribute("iothread", pin.Number), Attribute("cpuset", pin.CpuSet))),
        Schedulers.Select(scheduler => new XElement(
            "vcpusched", Attribute("vcpus", scheduler.VirtualCpus), Attribute("scheduler", scheduler.Policy),
            Attribute("priority", scheduler.Priority))));

    internal static CpuTune? Read(XElement? tune) => tune is null ? null : new CpuTune
    {
        Shares = tune.ChildLong("shares"),
        PeriodMicroseconds = tune.ChildLong("period"),
        QuotaMicroseconds = tune.ChildLong("quota"),
        VirtualCpuPins = tune.List("vcpupin", pin => new CpuPin(pin.Number("vcpu") ?? 0, pin.Text("cpuset") ?? "")),
        EmulatorPin = tune.Element("emulatorpin")?.Text("cpuset"),
        IoThreadPins = tune.List("iothreadpin", pin => new CpuPin(pin.Number("iothread") ?? 0, pin.Text("cpuset") ?? "")),
        Schedulers = tune.List("vcpusched", scheduler => new CpuScheduler(
            scheduler.Text("vcpus") ?? "", scheduler.Text("scheduler") ?? "", scheduler.Number("priority"))),
    };
}

/// <summary>Host CPUs of a virtual CPU or I/O thread.</summary>
/// <param name="Number">Virtual CPU (from 0) or I/O thread (from 1).</param>
/// <param name="CpuSet">Host CPUs, as a CPU list.</param>
public sealed record CpuPin(int Number, string CpuSet);

/// <summary>Scheduling of virtual CPUs.</summary>
/// <param name="VirtualCpus">Virtual CPUs, as a CPU list.</param>
/// <param name="Policy"><c>fifo</c>, <c>rr</c>, <c>batch</c>, <c>idle</c>.</param>
/// <param name="Priority">Real-time priority.</param>
public sealed record CpuScheduler(string VirtualCpus, string Policy, int? Priority);
