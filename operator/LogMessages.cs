using Microsoft.Extensions.Logging;

namespace Kilonova.Operator;

/// <summary>Every log message of the operator. Messages about a server carry its name, instance ID and, where there is one, the request ID.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Information, "server {Namespace}/{Name} ({InstanceID}, {RequestID}) is bound to {Host} under {Epoch}")]
    public static partial void Bound(this ILogger logger, string @namespace, string name, string instanceID, string requestID, string host, long epoch);

    [LoggerMessage(2, LogLevel.Information, "server {Namespace}/{Name} ({InstanceID}): no valid host: {Message}")]
    public static partial void NoValidHost(this ILogger logger, string @namespace, string name, string instanceID, string message);

    [LoggerMessage(3, LogLevel.Information, "server {Namespace}/{Name} ({InstanceID}): claim on {Host} refused ({Step}): {Message}")]
    public static partial void ClaimRefused(this ILogger logger, string @namespace, string name, string instanceID, string host, string step, string message);

    [LoggerMessage(4, LogLevel.Error, "server {Namespace}/{Name} ({InstanceID}): placing it failed; it is looked at again")]
    public static partial void PlacementFailed(this ILogger logger, Exception e, string @namespace, string name, string instanceID);

    [LoggerMessage(5, LogLevel.Error, "a filter threw, and the host is rejected for it: {Error}")]
    public static partial void FilterThrew(this ILogger logger, string error);

    [LoggerMessage(6, LogLevel.Information, "server {Namespace}/{Name} ({InstanceID}, {RequestID}): {Phase} {Reason}: {Message}")]
    public static partial void StatusWritten(this ILogger logger, string @namespace, string name, string instanceID, string requestID, string phase, string reason, string message);

    [LoggerMessage(7, LogLevel.Information, "leading as {Identity}: {Count} instance IDs to look at")]
    public static partial void Leading(this ILogger logger, string identity, int count);

    [LoggerMessage(8, LogLevel.Warning, "host {Host} is down: its agent has not renewed its Lease for {Seconds} s")]
    public static partial void HostDown(this ILogger logger, string host, double seconds);

    [LoggerMessage(9, LogLevel.Information, "host {Host} is up")]
    public static partial void HostUp(this ILogger logger, string host);

    [LoggerMessage(10, LogLevel.Information, "namespace {Namespace} of host {Host} is ready")]
    public static partial void HostNamespaceReady(this ILogger logger, string @namespace, string host);

    [LoggerMessage(11, LogLevel.Debug, "periodic pass: {InstanceID} has {Step} to do")]
    public static partial void FoundUntold(this ILogger logger, string instanceID, string step);

    [LoggerMessage(12, LogLevel.Warning, "Instance {Namespace}/{Name} is in no host's namespace ({Prefix}*) and is ignored: delete it")]
    public static partial void InstanceOfNoHost(this ILogger logger, string @namespace, string name, string prefix);

    [LoggerMessage(13, LogLevel.Warning, "every host has said what it runs since the store was restored: generation {Generation} is complete")]
    public static partial void HoldEnded(this ILogger logger, long generation);

    [LoggerMessage(14, LogLevel.Information, "certificate request {Name} for host {Host} is approved: {Message}")]
    public static partial void CertificateApproved(this ILogger logger, string name, string host, string message);

    [LoggerMessage(15, LogLevel.Warning, "certificate request {Name} of {Requester} is denied: {Message}")]
    public static partial void CertificateDenied(this ILogger logger, string name, string requester, string message);
}
