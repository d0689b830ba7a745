using Kilonova.NodeAgent.Protocol;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent;

/// <summary>Every log line of the agent.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Information, "agent {Version} of {Node}: host {HostID}, boot {BootID}, state in {StateDirectory}, libvirt at {LibvirtUri}")]
    public static partial void Starting(ILogger logger, string version, string node, string hostID, string bootID, string stateDirectory, string libvirtUri);

    [LoggerMessage(2, LogLevel.Information, "stopping; guests go on")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(3, LogLevel.Error, "{What} failed and is begun again in {Seconds:0.0} s: {Cause}")]
    public static partial void LoopFailed(ILogger logger, string what, string cause, double seconds);

    [LoggerMessage(10, LogLevel.Information, "registered: {Hypervisor} with {Cpus} CPUs, {MemoryMiB} MiB, {DiskGiB} GiB, guests by {VirtType}")]
    public static partial void Registered(ILogger logger, string hypervisor, int cpus, long memoryMiB, long diskGiB, string virtType);

    [LoggerMessage(11, LogLevel.Error, "refused: {Reason}")]
    public static partial void Refused(ILogger logger, string reason);

    [LoggerMessage(12, LogLevel.Information, "KVM: usable {Usable}: {Message}")]
    public static partial void KvmTried(ILogger logger, bool usable, string message);

    [LoggerMessage(13, LogLevel.Information, "waiting: {What}")]
    public static partial void Waiting(ILogger logger, string what);

    [LoggerMessage(14, LogLevel.Warning, "the Lease could not be renewed for {Seconds:0} s: {Cause}")]
    public static partial void HeartbeatFailed(ILogger logger, double seconds, string cause);

    [LoggerMessage(15, LogLevel.Information, "the host's Lease is renewed every {Seconds:0} s")]
    public static partial void HeartbeatBegun(ILogger logger, double seconds);

    [LoggerMessage(16, LogLevel.Information, "host {Host} has a certificate until {NotAfter:u}, to be renewed at {RenewAt:u}")]
    public static partial void CertificateIssued(ILogger logger, string host, DateTimeOffset notAfter, DateTimeOffset renewAt);

    [LoggerMessage(17, LogLevel.Error, "host {Host} got no certificate and asks again: {Cause}")]
    public static partial void CertificateNotIssued(ILogger logger, string host, string cause);

    [LoggerMessage(18, LogLevel.Warning, "{File} is of no use: {Cause}")]
    public static partial void CertificateUnusable(ILogger logger, string file, string cause);

    [LoggerMessage(20, LogLevel.Debug, "{InstanceID} ({Server}, request {RequestID}): {Step}")]
    public static partial void StepBegun(ILogger logger, string instanceID, string? server, string? requestID, string step);

    [LoggerMessage(21, LogLevel.Information, "{InstanceID} ({Server}, request {RequestID}): {Verdict}: {Message}")]
    public static partial void AtRest(ILogger logger, string instanceID, string? server, string? requestID, string verdict, string message);

    [LoggerMessage(22, LogLevel.Error, "{InstanceID} ({Server}, request {RequestID}): the build failed at {Step}: {Reason}: {Message}")]
    public static partial void BuildFailed(ILogger logger, string instanceID, string? server, string? requestID, string step, string reason, string message);

    [LoggerMessage(23, LogLevel.Warning, "{InstanceID} ({Server}, request {RequestID}): tried again in {Seconds:0.0} s: {Cause}")]
    public static partial void Retried(ILogger logger, string instanceID, string? server, string? requestID, string cause, double seconds);

    [LoggerMessage(24, LogLevel.Information, "{InstanceID} ({Server}, request {RequestID}): prepared in {Milliseconds:0} ms (image {ImageMilliseconds:0}, disks {DiskMilliseconds:0}, config drive {DriveMilliseconds:0}, define {DefineMilliseconds:0})")]
    public static partial void Prepared(ILogger logger, string instanceID, string? server, string? requestID, double milliseconds, double imageMilliseconds, double diskMilliseconds, double driveMilliseconds, double defineMilliseconds);

    [LoggerMessage(25, LogLevel.Information, "{InstanceID} ({Server}, request {RequestID}): started in {Milliseconds:0} ms")]
    public static partial void Started(ILogger logger, string instanceID, string? server, string? requestID, double milliseconds);

    [LoggerMessage(26, LogLevel.Warning, "{InstanceID}: the guest did not shut down in {Seconds:0} s and is forced off")]
    public static partial void ForcedOff(ILogger logger, string instanceID, double seconds);

    [LoggerMessage(27, LogLevel.Error, "{InstanceID}: no rest after {Steps} steps, the last was {Step}")]
    public static partial void NoRest(ILogger logger, string instanceID, int steps, string step);

    [LoggerMessage(30, LogLevel.Information, "full pass: {Instances} Instances, {Domains} domains of ours, {Records} records, {Directories} directories")]
    public static partial void FullPass(ILogger logger, int instances, int domains, int records, int directories);

    [LoggerMessage(31, LogLevel.Warning, "libvirt is away: {Reason}")]
    public static partial void LibvirtLost(ILogger logger, string reason);

    [LoggerMessage(32, LogLevel.Information, "libvirt is back after {Seconds:0.0} s")]
    public static partial void LibvirtBack(ILogger logger, double seconds);

    [LoggerMessage(33, LogLevel.Warning, "{Count} events of libvirt were lost; everything is looked at")]
    public static partial void EventsLost(ILogger logger, long count);

    [LoggerMessage(34, LogLevel.Warning, "{InstanceID}: somebody had set libvirt's autostart; it is cleared")]
    public static partial void AutostartCleared(ILogger logger, string instanceID);

    [LoggerMessage(40, LogLevel.Information, "{InstanceID}: its start was cut off before its CPUs ran; they are let run")]
    public static partial void Resumed(ILogger logger, string instanceID);
}
